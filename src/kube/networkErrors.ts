import { KubeError, type Problem } from './errors.ts';

const TLS_CODES = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'EPROTO',
]);

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused: nothing listens there',
  ENOTFOUND: 'its name does not resolve',
  EAI_AGAIN: 'its name does not resolve now: the DNS server does not answer',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'this machine has no network to it',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
};

/** The error of a request that got no answer: no connection, no TLS, no answer in time. */
export function networkError(error: unknown, where: string): KubeError {
  if (error instanceof KubeError) return error;
  return new KubeError(networkProblem(error, where), { cause: error });
}

function networkProblem(error: unknown, where: string): Problem {
  const { name, code, message } = describe(error);
  if (name === 'TimeoutError') {
    return {
      kind: 'timeout',
      what: 'The API server did not answer in time',
      where,
      why: 'the time-out of the request passed',
      next: 'Check the network to it, or raise vethscope.requestTimeoutSeconds.',
    };
  }
  if (name === 'AbortError') {
    return { kind: 'cancelled', what: 'The request was cancelled', where, why: '', next: 'Start it again.' };
  }
  // OpenSSL's codes: the peer's alerts start with ERR_SSL, our own checks of its certificate are listed.
  if (code.startsWith('ERR_SSL') || TLS_CODES.has(code)) {
    const ours = /alert (bad certificate|unknown ca|certificate (expired|required|unknown|revoked))/i.test(
      message,
    );
    return ours
      ? {
          kind: 'unauthenticated',
          what: 'The API server refuses the client certificate',
          where,
          why: message,
          next: 'Renew the credentials of this context, then retry.',
        }
      : {
          kind: 'tls',
          what: "The API server's certificate cannot be trusted",
          where,
          why: message,
          next: 'Check "certificate-authority" and "server" of the cluster in the kubeconfig.',
        };
  }
  return {
    kind: 'unreachable',
    what: 'The API server cannot be reached',
    where,
    why: CAUSES[code] ?? message,
    next: 'Check the network or VPN and the "server" of the cluster in the kubeconfig, then retry.',
  };
}

function describe(error: unknown): { name: string; code: string; message: string } {
  if (!(error instanceof Error)) return { name: '', code: '', message: String(error) };
  // Several addresses were tried: the first failure stands for all.
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { name: error.name, code, message: error.message === '' ? code : error.message };
}
