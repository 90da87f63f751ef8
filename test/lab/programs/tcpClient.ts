/**
 * One connection: `tcpClient.ts ADDRESS PORT SEND RECEIVE [hold]` sends and receives these numbers of bytes (16 more for
 * the request itself), prints {"localPort"} and ends; with `hold` it keeps the connection until its input ends.
 */
import { connect } from 'node:net';

const [address = '', port = '', send = '0', receive = '0', hold] = process.argv.slice(2);
const request = Buffer.alloc(16);
request.writeBigUInt64LE(BigInt(send), 0);
request.writeBigUInt64LE(BigInt(receive), 8);

const socket = connect({ host: address, port: Number(port), noDelay: true }, () => {
  socket.write(request);
  let left = Number(send);
  const chunk = Buffer.alloc(64 << 10, 'c');
  const fill = (): void => {
    while (left > 0) {
      const size = Math.min(left, chunk.length);
      left -= size;
      if (!socket.write(chunk.subarray(0, size))) return void socket.once('drain', fill);
    }
  };
  fill();
});
let received = 0;
socket.on('data', (data: Buffer) => {
  received += data.length;
  if (received < Number(receive)) return;
  console.log(JSON.stringify({ localPort: socket.localPort }));
  if (hold === 'hold') process.stdin.on('end', () => socket.end()).resume();
  else socket.end();
});
socket.on('error', (error) => {
  console.error(`${address} port ${port}: ${error.message}`);
  process.exitCode = 1;
});
