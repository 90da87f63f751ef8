/** Requests to one API server. */
export interface ApiClient {
  readonly server: string;
}
