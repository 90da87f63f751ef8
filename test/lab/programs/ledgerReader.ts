/** Prints the agent's ledgers, one a line, until it is ended: `ledgerReader.ts PORT TOKEN INTERVAL-MILLISECONDS`. */
import { connect } from '../../../agent/src/server/testClient.fixture.ts';

const [port, token, interval] = process.argv.slice(2);
const client = connect(Number(port), token);
const request = { intervalMilliseconds: Number(interval) };
for await (const { ledgerJson } of client.agent.streamLedger(request)) {
  process.stdout.write(`${ledgerJson}\n`);
}
