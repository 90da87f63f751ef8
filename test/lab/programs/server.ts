/**
 * Answers the lab's traffic: `server.ts TCP-PORT UDP-PORT`. TCP: a request of 16 bytes says how many bytes follow and
 * how many to send back. UDP: a datagram that begins with `e` is sent back, others are only received.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [tcpPort = '0', udpPort = '0'] = process.argv.slice(2);

const tcp = createServer({ noDelay: true }, (socket) => {
  let pending = Buffer.alloc(0);
  let expected = -1;
  let answer = 0;
  socket.on('data', (chunk: Buffer) => {
    if (expected < 0) {
      pending = Buffer.concat([pending, chunk]);
      if (pending.length < 16) return;
      expected = Number(pending.readBigUInt64LE(0)) + 16;
      answer = Number(pending.readBigUInt64LE(8));
      expected -= pending.length;
    } else {
      expected -= chunk.length;
    }
    if (expected === 0) socket.write(Buffer.alloc(answer, 'a'));
  });
  // A client that ends with a reset is part of the traffic.
  socket.on('error', (error) =>
    console.error(`connection from ${String(socket.remoteAddress)}: ${error.message}`),
  );
});
tcp.listen(Number(tcpPort), '::', () => {
  const udp = createSocket({ type: 'udp6', recvBufferSize: 4 << 20 });
  udp.on('message', (message, from) => {
    if (message[0] === 'e'.charCodeAt(0)) udp.send(message, from.port, from.address);
  });
  udp.bind(Number(udpPort), '::', () => console.log('ready'));
});
