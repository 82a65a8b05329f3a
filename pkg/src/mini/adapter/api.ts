// What we use of a host's API object: `wx`, and as far as they agree with it `qq`, `tt`,
// `my`, `swan` and `uni`.
//
// Types only, and as loose as the hosts are: members that came late or that some host lacks are
// optional, texts and codes of failures may have any of several names. Knows no host's own typings,
// see wechat.ts.

export interface Api {
  env?: { USER_DATA_PATH?: string };
  connectSocket(options: SocketOptions): SocketTask;
  getFileSystemManager?(): FileSystem;
  getRandomValues?(options: { length: number } & Callbacks<{ randomValues: ArrayBuffer }>): unknown;
  onAppShow?(listener: () => void): unknown;
  offAppShow?(listener: () => void): unknown;
  onAppHide?(listener: () => void): unknown;
  offAppHide?(listener: () => void): unknown;
  onNetworkStatusChange?(listener: () => void): unknown;
  offNetworkStatusChange?(listener: () => void): unknown;
  onMemoryWarning?(listener: () => void): unknown;
  offMemoryWarning?(listener: () => void): unknown;
  getAppBaseInfo?(): { language?: string };
}

/** How a host answers a call: one of the two, later. */
export interface Callbacks<Result = unknown> {
  success(result: Result): void;
  fail(refusal: Refusal): void;
}

/** What a host says when it cannot or does not want to. */
export interface Refusal {
  errMsg?: string;
  errorMessage?: string;
  errno?: number;
  errCode?: number;
}

export interface SocketOptions {
  url: string;
  protocols: string[];
  tcpNoDelay: boolean;
  timeout: number;
  success(): void;
  fail(refusal?: Refusal): void;
}

export interface SocketTask {
  onOpen(listener: () => void): void;
  onMessage(listener: (event: { data: unknown }) => void): void;
  onError(listener: (refusal?: Refusal) => void): void;
  onClose(listener: () => void): void;
  send(options: { data: string; fail(): void }): void;
  close(options: { code: number; fail(): void }): void;
}

export interface FileSystem {
  readFile(options: { filePath: string } & Callbacks<{ data: string | ArrayBuffer }>): void;
  writeFile(options: { filePath: string; data: ArrayBuffer } & Callbacks): void;
  appendFile(options: { filePath: string; data: ArrayBuffer } & Callbacks): void;
  rename(options: { oldPath: string; newPath: string } & Callbacks): void;
  unlink(options: { filePath: string } & Callbacks): void;
  stat(options: { path: string } & Callbacks<{ stats: unknown }>): void;
  mkdir(options: { dirPath: string; recursive: boolean } & Callbacks): void;
  rmdir(options: { dirPath: string; recursive: boolean } & Callbacks): void;
}
