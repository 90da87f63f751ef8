import { StringDecoder } from 'node:string_decoder';

/** A line of a watch longer than this is not an object of Kubernetes (etcd's limit is 1.5 MiB). */
const LINE_LIMIT = 16 << 20;

/** Each line of a stream of bytes as its JSON value. @throws SyntaxError on a line that is not JSON or is cut off */
export async function* jsonLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<unknown, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let rest: string[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    const lines = decoder.write(chunk).split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      rest.push(line);
      const whole = rest.join('');
      rest = [];
      held = 0;
      if (whole.trim() !== '') yield JSON.parse(whole) as unknown;
    }
    rest.push(last);
    held += last.length;
    if (held > LINE_LIMIT) throw new SyntaxError(`a line is longer than ${LINE_LIMIT} characters`);
  }
  const end = rest.join('') + decoder.end();
  if (end.trim() !== '') yield JSON.parse(end) as unknown;
}
