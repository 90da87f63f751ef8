import type { FromFlowsPage, ToFlowsPage } from '../../src/model/panelMessages.ts';
import { registerControls } from '../shared/controls.ts';
import { vscodeHost } from '../shared/host.ts';
import './flows.css';
import { FlowsPage } from './page.ts';

registerControls();
new FlowsPage(document.body, vscodeHost<ToFlowsPage, FromFlowsPage>());
