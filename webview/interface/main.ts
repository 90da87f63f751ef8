import type { FromInterfacePage, ToInterfacePage } from '../../src/model/interfaceMessages.ts';
import { registerControls } from '../shared/controls.ts';
import { vscodeHost } from '../shared/host.ts';
import { InterfacePage } from './page.ts';
import './interface.css';

registerControls();
new InterfacePage(document.body, vscodeHost<ToInterfacePage, FromInterfacePage>());
