import type WebSocket from 'ws';

export interface KeepAliveOptions {
  readonly intervalMilliseconds: number;
  /** Intervals without any sign of life after which the connection counts as dead. */
  readonly missed: number;
  /** True while we do not read, so that silence says nothing about the other side. */
  readonly paused: () => boolean;
  readonly onDead: () => void;
}

/** Pings an open WebSocket; anything received counts as an answer. Returns what ends it. */
export function keepAlive(socket: WebSocket, options: KeepAliveOptions): () => void {
  let silent = 0;
  const alive = (): void => {
    silent = 0;
  };
  socket.on('pong', alive);
  socket.on('message', alive);
  const timer = setInterval(() => {
    if (options.paused()) {
      silent = 0;
      return;
    }
    if (silent >= options.missed) {
      clearInterval(timer);
      options.onDead();
      return;
    }
    silent += 1;
    socket.ping();
  }, options.intervalMilliseconds);
  return () => {
    clearInterval(timer);
    socket.off('pong', alive);
    socket.off('message', alive);
  };
}
