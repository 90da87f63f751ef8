import type { DnsExchange } from '../dns/exchange.ts';
import { endText, printable } from './flowText.ts';

/** One line an exchange, in the table of flows. */
export function dnsLine(exchange: DnsExchange): string {
  const { client, server, name, type, rcode, latencyUs, answers } = exchange;
  const data = answers.map((answer) => `${answer.type} ${answer.data} (${answer.ttl} s)`).join(', ');
  const cells = [
    new Date(exchange.time).toISOString().slice(11, 23),
    'dns',
    endText(client).padEnd(40),
    endText(server).padEnd(40),
    `${rcode ?? 'unanswered'}${latencyUs === null ? '' : ` ${(latencyUs / 1000).toFixed(3)} ms`}`,
    `${type} ${name}`,
    data,
  ];
  return `${printable(cells.join(' ').trimEnd())}\n`;
}

/** Whether the text is in any of the names, addresses and words of an exchange. */
export function dnsContains(exchange: DnsExchange, text: string): boolean {
  const ends = [exchange.client, exchange.server].flatMap((end) => [
    endText(end),
    `${end.address}:${end.port}`,
  ]);
  const words = [...ends, exchange.name, exchange.type, exchange.rcode ?? 'unanswered'];
  for (const { data } of exchange.answers) words.push(data);
  const wanted = text.toLowerCase();
  return words.some((word) => word.toLowerCase().includes(wanted));
}
