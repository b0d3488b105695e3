// SPDX-License-Identifier: MIT
// vault-env: secrets from a vault-env server in process.env, by the line that
// loads .env today. Without a VAULT_KEY, in the environment or in .env, all of
// it behaves as plain dotenv. Functions that talk to a server return a Promise
// and never block the thread; those that fail, fail with a VaultError, or with a
// TypeError for an option that is unknown or of the wrong type.

/** Names and values. */
export interface Secrets {
  [name: string]: string;
}

export interface ServerOptions {
  /**
   * The .env file, ".env" by default. .vault-cache is in its folder. Has it no
   * VAULT_KEY, nor the environment, key and URL are those of ".env".
   */
  path?: string | URL;
  /** Default: NODE_ENV, else ENVIRONMENT, else "development". */
  environment?: string;
  /** Default: VAULT_URL, from the environment or from .env. */
  vaultUrl?: string | URL;
}

export interface ConfigOptions extends Omit<ServerOptions, 'path'> {
  /**
   * Several: of a name that more than one file has, the first one's value counts,
   * with override the last one's.
   */
  path?: string | URL | (string | URL)[];
  /** Of the files, as Buffer names it. Default: "utf8". */
  encoding?: BufferEncoding;
  /** Variables that exist already are replaced. Default: they win. */
  override?: boolean;
  /** false: .vault-cache is neither read nor written. Default: true. */
  cache?: boolean;
  /**
   * Of a project of protocol 2: the https URL of files that `vault-env bundle`
   * made, asked before the cache while the server is away. Default: VAULT_MIRROR.
   */
  mirror?: string | URL;
  /**
   * Names that are taken although programs run other code by them (LD_PRELOAD,
   * NODE_OPTIONS, PATH and the others that vault-env(1) lists). Default: they are
   * left out, whether the vault or the file has them, and standard error is told.
   */
  allow?: string[];
  /** What is filled instead of process.env. */
  processEnv?: { [name: string]: string | undefined };
  /** true: nothing is said on standard error. Also DOTENV_CONFIG_QUIET. */
  quiet?: boolean | string;
  /**
   * true: standard error is told how much was loaded from where, and which
   * variables were set already; never a value. Also DOTENV_CONFIG_DEBUG. As in
   * dotenv a text counts as true, but for "false", "no", "off" and "0".
   */
  debug?: boolean | string;
}

export interface ConfigResult {
  /**
   * All that was loaded, also where an existing variable has won. The keys of
   * the file (VAULT_KEY, VAULT_KEY_NEXT, VAULT_KEY_V1, VAULT_DEVICE_SECRET) are
   * neither here nor in process.env.
   */
  parsed: Secrets;
  /** 0: not known, since it is the plain file or another client's cache. */
  version: number;
}

export type VaultErrorCode =
  | 'ERR_VAULT_NOMEM'
  /** An option, name, key or URL is malformed. */
  | 'ERR_VAULT_INVALID'
  /** pull, push and checkVersion only: there is no VAULT_KEY. */
  | 'ERR_VAULT_NO_KEY'
  /** A file cannot be read or written safely. */
  | 'ERR_VAULT_IO'
  /** No answer, and no cache to use instead. */
  | 'ERR_VAULT_NETWORK'
  /** The server answered 5xx or 429, and there is no cache to use instead. */
  | 'ERR_VAULT_SERVER'
  /** An answer that makes no sense. */
  | 'ERR_VAULT_PROTOCOL'
  /** 401: wrong key for this project. */
  | 'ERR_VAULT_UNAUTHORIZED'
  /** 403: this device waits for approval. */
  | 'ERR_VAULT_PENDING'
  /** 403: this device is not registered, or revoked. */
  | 'ERR_VAULT_DEVICE'
  | 'ERR_VAULT_FORBIDDEN'
  | 'ERR_VAULT_NOT_FOUND'
  /** The environment is unknown or still empty. */
  | 'ERR_VAULT_NO_SECRETS'
  /** A push and what is there do not go together; its sentence says why. */
  | 'ERR_VAULT_CONFLICT'
  /** Pushed by another device or with another key, or tampered with. */
  | 'ERR_VAULT_DECRYPT'
  | 'ERR_VAULT_EXISTS'
  | 'ERR_VAULT_UNWRITABLE'
  /** This machine's clock is too far off. */
  | 'ERR_VAULT_CLOCK'
  | 'ERR_VAULT_CRYPTO'
  /** What the server gave is not what a device of this project signed. */
  | 'ERR_VAULT_VERIFY'
  /** A server, a .env file or a version is not what it was, or not yours. */
  | 'ERR_VAULT_UNTRUSTED'
  | 'ERR_VAULT_FAILED';

/** Its message says what failed, why, and what to do. */
export class VaultError extends Error {
  private constructor();
  readonly name: 'VaultError';
  readonly code: VaultErrorCode;
  /** What to do, the message's last sentence; '' if there is no advice. */
  readonly hint: string;
  /** Of protocol v2, the code of PROTOCOL-v2: 'record_fork'; else ''. */
  readonly reason: string;
  /**
   * ERR_VAULT_CONFLICT, if somebody else pushed at the same moment: the version
   * that the server has.
   */
  readonly currentVersion?: number;
}

/**
 * Pulls the secrets, puts them and the other variables of .env into
 * process.env, and writes .vault-cache. The server away, or answering 5xx or
 * 429: uses the cache, and says so once on standard error. Never uses it after
 * a 401, a 403 or a failed decryption. Without a key all is done when it returns,
 * as with dotenv, and the promise has parsed and version already.
 */
export function config(options?: ConfigOptions): Promise<ConfigResult> & Partial<ConfigResult>;

/**
 * The same without the network: the cache and .env; without a usable cache the
 * plain .env, which standard error is told.
 */
export function configSync(options?: ConfigOptions): ConfigResult;

/** What was changed by a push, beside the values. */
export interface Change {
  version: number;
  /** Names that were not there before. */
  added: string[];
  /** Names that are gone. */
  removed: string[];
}

export interface WatchOptions extends ConfigOptions {
  /**
   * Milliseconds between polls, 30,000 by default; varied by a tenth, and longer
   * while the server is away.
   */
  interval?: number;
  /**
   * A push was seen, and process.env has been changed. changed: each name that is
   * new or has another value, with that value; a removed one is there with
   * undefined. allSecrets: all of them, as config() gives them.
   */
  onChange?: (
    changed: { [name: string]: string | undefined },
    allSecrets: Secrets,
    change: Change,
  ) => unknown;
  /**
   * A poll has failed (a VaultError; the watch goes on), or onChange has thrown
   * (what it threw). Default: a warning once on standard error, and what
   * onChange throws is an uncaught exception.
   */
  onError?: (error: Error) => unknown;
}

export interface Watch {
  /** False after stop(), and where there is no vault key and nothing to watch. */
  readonly active: boolean;
  /** No callback is called after this. */
  stop(): void;
}

/**
 * Polls for another version. Options that are not given are those of the last
 * config() of this thread, and what that has loaded is what changes are told
 * from; without one, watching begins with the first poll. A variable that
 * vault-env has set, and nobody else since, is changed or deleted in
 * process.env; others only with override. Does not keep the process alive.
 */
export function watch(options?: WatchOptions): Watch;

/** Stops one watch, or all that this thread has started. */
export function unwatch(handle?: Watch): void;

/** Reads .env text exactly as dotenv does. */
export function parse(text: string | ArrayBufferView): Secrets;

export interface PullOptions extends ServerOptions {
  /** Default: the newest. */
  version?: number;
}

/** The secrets on the server; leaves process.env and the cache alone. */
export function pull(options?: PullOptions): Promise<ConfigResult>;

export interface PushOptions extends ServerOptions {
  /**
   * The version that the secrets were made from, as pull() and config() give it
   * (0: none yet). If the server has another by now, what only others have
   * changed since stays theirs; a name that both have changed differently is
   * ERR_VAULT_CONFLICT, unless ours or theirs says who has it.
   */
  baseVersion?: number;
  ours?: boolean;
  theirs?: boolean;
  /**
   * Without baseVersion, to change or remove what is there is
   * ERR_VAULT_CONFLICT, unless the secrets are the whole (replace), or only add
   * and change (merge).
   */
  replace?: boolean;
  merge?: boolean;
  /** Also replaces a version that this device cannot read. */
  force?: boolean;
}

/**
 * Stores these as the next version; the same version again if nothing differs.
 * The keys and VAULT_URL are left out; ERR_VAULT_INVALID when nothing else is
 * there.
 */
export function push(
  secrets: { [name: string]: string | number | boolean | bigint },
  options?: PushOptions,
): Promise<{ version: number }>;

/** The server's version (0: none yet), and when it was pushed (ISO 8601). */
export function checkVersion(
  options?: ServerOptions,
): Promise<{ version: number; updatedAt: string | null }>;
