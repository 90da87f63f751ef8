/** Channels of the protocol `v4.channel.k8s.io` and its successor: the first byte of every message. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 } as const;

/** Version 5 adds CHANNEL.close: the end of one channel. A server picks the first that it knows. */
export const CHANNEL_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/** One message: the channel's number, then the data. */
export function channelMessage(channel: number, parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([channel]), ...parts]);
}
