import type { Log } from '../kube/log.ts';
import type { Sessions, SessionsOptions } from './types.ts';

/** The one composition point: `createSessions(options, log)` in activate(), `dispose()` in deactivate(). */
export type CreateSessions = (options: SessionsOptions, log: Log) => Sessions;
