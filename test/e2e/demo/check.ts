/** Opens the demo as a person would, waits for rows and tells how long it took. */
import { FlowsView } from '../flowsView.ts';
import { screenshot } from '../screenshots.ts';
import { launchBrowser, Workbench } from '../workbench.ts';
import type { DemoGround } from './ground.ts';

const ROWS = 5;

/** @param started time of the demo's start, as performance.now() has it */
export async function checkDemo(url: string, started: number, { opening }: DemoGround): Promise<void> {
  const browser = await launchBrowser();
  const workbench = await Workbench.open(browser, url);
  try {
    // On a cluster the user is asked first.
    if (opening?.pod) await workbench.answerDialog('Deploy Agent');
    const view = await FlowsView.find(workbench, 60);
    await view.firstRow(60);
    console.log(`first row after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    await view
      .rowLocator()
      .nth(ROWS - 1)
      .waitFor({ timeout: 30_000 });
    for (const { text } of (await view.rows()).slice(0, ROWS)) {
      console.log(
        `  ${text.client} -> ${text.server} ${text.protocol} ${text.verdict} ${text.sent} ${text.received}`,
      );
    }
    await screenshot(workbench, 'demo');
  } catch (error) {
    await screenshot(workbench, 'failed-demo');
    throw error;
  } finally {
    await browser.close();
  }
}
