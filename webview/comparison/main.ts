import type { FromComparisonPage, ToComparisonPage } from '../../src/model/comparisonMessages.ts';
import { registerControls } from '../shared/controls.ts';
import { vscodeHost } from '../shared/host.ts';
import { ComparisonPage } from './page.ts';
import './comparison.css';

registerControls();
new ComparisonPage(document.body, vscodeHost<ToComparisonPage, FromComparisonPage>());
