/**
 * Answers the lab's traffic: `server.ts TCP-PORT UDP-PORT`. TCP: a request of 16 bytes says how many bytes follow and
 * how many to send back; a connection may carry several. UDP: a datagram that begins with `e` is sent back, others are
 * only received.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [tcpPort = '0', udpPort = '0'] = process.argv.slice(2);
const REQUEST = 16;

const tcp = createServer({ noDelay: true }, (socket) => {
  let start = Buffer.alloc(0);
  let body = -1;
  let answer = 0;
  const take = (data: Buffer): void => {
    if (body < 0) {
      start = Buffer.concat([start, data]);
      if (start.length < REQUEST) return;
      body = Number(start.readBigUInt64LE(0));
      answer = Number(start.readBigUInt64LE(8));
      data = start.subarray(REQUEST);
      start = Buffer.alloc(0);
    }
    const rest = data.subarray(body);
    body -= Math.min(body, data.length);
    if (body > 0) return;
    socket.write(Buffer.alloc(answer, 'a'));
    body = -1;
    if (rest.length > 0) take(rest);
  };
  socket.on('data', take);
  // A client that ends with a reset is part of the traffic.
  socket.on('error', (error) => {
    console.error(`connection from ${String(socket.remoteAddress)}: ${error.message}`);
  });
});
tcp.listen(Number(tcpPort), '::', () => {
  const udp = createSocket({ type: 'udp6', recvBufferSize: 4 << 20 });
  udp.on('message', (message, from) => {
    if (message[0] === 'e'.charCodeAt(0)) udp.send(message, from.port, from.address);
  });
  udp.bind(Number(udpPort), '::', () => console.log('ready'));
});
