import type { FromPodNetworkPage, ToPodNetworkPage } from '../../src/model/podNetworkMessages.ts';
import { registerControls } from '../shared/controls.ts';
import { vscodeHost } from '../shared/host.ts';
import { PodNetworkPage } from './page.ts';
import './podNetwork.css';

registerControls();
new PodNetworkPage(document.body, vscodeHost<ToPodNetworkPage, FromPodNetworkPage>());
