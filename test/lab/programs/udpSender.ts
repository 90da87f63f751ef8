/**
 * `udpSender.ts ADDRESS PORT COUNT SIZE LOCAL-PORT [echo]` sends COUNT datagrams of SIZE bytes from one port and prints
 * {"sent","received"}; with `echo` it asks for each back and waits for it before the next, so that none is lost.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [address = '', port = '', count = '0', size = '1', localPort = '0', echo] = process.argv.slice(2);
const message = Buffer.alloc(Number(size), echo === 'echo' ? 'e' : 's');
const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', sendBufferSize: 4 << 20 });
let sent = 0;
let received = 0;

const finish = (): void => {
  console.log(JSON.stringify({ sent, received }));
  socket.close();
};
const send = (): void => {
  if (sent === Number(count)) {
    finish();
    return;
  }
  socket.send(message, Number(port), address, (error) => {
    if (error) throw error;
    sent++;
    if (echo !== 'echo') send();
  });
};
socket.on('message', () => {
  received++;
  send();
});
socket.bind(Number(localPort), send);
