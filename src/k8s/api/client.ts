/** Requests to a Kubernetes API server: JSON over HTTPS, with a bearer token or a client's certificate. */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent, request } from 'node:https';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ApiAccess {
  /** `https://host:port`. */
  readonly server: string;
  readonly token?: string;
  /** PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Certificates that the server's must be signed by, PEM. */
  readonly ca: string;
}

/** RFC 6585 section 4. So it answers while it prepares to store what a new CRD defines, too. */
const TOO_MANY_REQUESTS = 429;
const ATTEMPTS = 10;
/** Where it does not say when to ask again. */
const RETRY_MS = 1000;

/** The server's own `Status`, or what it said in its stead. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

interface Body {
  readonly value: unknown;
  readonly type: string;
}

export class ApiClient {
  readonly #access: ApiAccess;
  readonly #agent: Agent;

  constructor(access: ApiAccess) {
    this.#access = access;
    this.#agent = new Agent({ ca: access.ca, ...access.certificate, keepAlive: true });
  }

  /** @throws ApiError when the server refuses, and what Node throws when it cannot be reached */
  get<T>(path: string, accept?: string): Promise<T> {
    return this.#call<T>('GET', path, undefined, accept);
  }

  create<T>(path: string, value: unknown): Promise<T> {
    return this.#call<T>('POST', path, { value, type: 'application/json' });
  }

  delete(path: string): Promise<unknown> {
    return this.#call('DELETE', path);
  }

  /** JSON merge patch (RFC 7386). */
  merge<T>(path: string, value: unknown): Promise<T> {
    return this.#call<T>('PATCH', path, { value, type: 'application/merge-patch+json' });
  }

  /** Server-side apply under a manager's name; what another manager has set is taken over. */
  apply<T>(path: string, manager: string, value: unknown): Promise<T> {
    const query = new URLSearchParams({ fieldManager: manager, force: 'true', fieldValidation: 'Strict' });
    return this.#call<T>('PATCH', `${path}?${query}`, { value, type: 'application/apply-patch+yaml' });
  }

  /** The answer of a watch, whose lines come as things change. Ends with the signal. @throws ApiError */
  async stream(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#send('GET', path, undefined, { signal });
    if (response.statusCode === 200) return response;
    throw await errorOf(response);
  }

  /** Connections that are idle are closed; requests under way go on. */
  close(): void {
    this.#agent.destroy();
  }

  async #call<T>(method: string, path: string, body?: Body, accept?: string): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#send(method, path, body, {}, accept);
      if (response.statusCode === TOO_MANY_REQUESTS && attempt < ATTEMPTS) {
        response.resume();
        await sleep(retryAfterMs(response));
        continue;
      }
      if ((response.statusCode ?? 500) >= 300) throw await errorOf(response);
      return (await json(response)) as T;
    }
  }

  #send(
    method: string,
    path: string,
    body: Body | undefined,
    options: RequestOptions,
    accept = 'application/json',
  ): Promise<IncomingMessage> {
    const headers = {
      ...(this.#access.token === undefined ? {} : { authorization: `Bearer ${this.#access.token}` }),
      accept,
      ...(body === undefined ? {} : { 'content-type': body.type }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent: ClientRequest = request(new URL(path, this.#access.server), {
      ...options,
      method,
      headers,
      agent: this.#agent,
    });
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body.value));
    return promise;
  }
}

/** RFC 9110 section 10.2.3; the API server says seconds. */
function retryAfterMs({ headers }: IncomingMessage): number {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 ? seconds * 1000 : RETRY_MS;
}

async function errorOf(response: IncomingMessage): Promise<ApiError> {
  const status = response.statusCode ?? 0;
  try {
    const { message } = (await json(response)) as { message?: string };
    return new ApiError(status, message ?? `the API server answers ${status}`);
  } catch {
    return new ApiError(status, `the API server answers ${status}`);
  }
}
