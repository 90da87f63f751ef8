import { createHash, timingSafeEqual } from 'node:crypto';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/**
 * Lets only requests with the session's token through, whatever they ask for. Others get Connect's "unauthenticated"
 * with HTTP 401, which Connect and gRPC clients both read as that code, and nothing else.
 */
export function authenticated(token: string, handler: Handler): Handler {
  const expected = digest(`Bearer ${token}`);
  return (request, response) => {
    // Digests have one length, so the comparison tells nothing about the token.
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) handler(request, response);
    else refuse(request, response);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refuse(request: Http2ServerRequest, response: Http2ServerResponse): void {
  response.writeHead(401, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ code: 'unauthenticated', message: 'the session token is missing or wrong' }),
    () => {
      // What else the caller sends is not read.
      request.stream.close();
    },
  );
}
