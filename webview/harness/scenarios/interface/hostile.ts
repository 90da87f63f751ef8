import { onNode } from './node.ts';

const MARKUP = '<img src=x onerror=alert(1)>';

/** Names as an attacker would choose them; the link is down. */
export const hostile = onNode('hostgw', 12, {}, (link) =>
  link.ifindex === 12
    ? {
        ...link,
        name: MARKUP,
        state: 'down',
        pod: { namespace: '"><script>alert(1)</script>', name: MARKUP, uid: 'pod-a2' },
      }
    : link,
);
