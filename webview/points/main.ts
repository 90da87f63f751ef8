import type { FromPointsPage, ToPointsPage } from '../../src/model/pointsMessages.ts';
import { registerControls } from '../shared/controls.ts';
import { vscodeHost } from '../shared/host.ts';
import { PointsPage } from './page.ts';
import './points.css';

registerControls();
new PointsPage(document.body, vscodeHost<ToPointsPage, FromPointsPage>());
