// A host whose every answer a test decides: sockets that open, fail and close on command, and events
// of the program's life. Nothing happens by itself.

import type { Api, Refusal, SocketOptions, SocketTask } from '../../src/mini/adapter/api.js';

type Name = 'Open' | 'Message' | 'Error' | 'Close';

export class FakeTask implements SocketTask {
  readonly sent: string[] = [];
  readonly closeCodes: number[] = [];
  /** What the next `send` and `close` throw. */
  broken: Error | undefined;
  private readonly listeners: Array<[Name, (event: never) => void]> = [];
  private sends: Array<() => void> = [];

  constructor(readonly options: SocketOptions) {}

  onOpen = (it: () => void): void => this.add('Open', it);
  onMessage = (it: (event: { data: unknown }) => void): void => this.add('Message', it);
  onError = (it: (refusal?: Refusal) => void): void => this.add('Error', it);
  onClose = (it: () => void): void => this.add('Close', it);

  send({ data, fail }: { data: string; fail(): void }): void {
    if (this.broken) throw this.broken;
    this.sent.push(data);
    this.sends.push(fail);
  }

  close({ code }: { code: number }): void {
    this.closeCodes.push(code);
    if (this.broken) throw this.broken;
  }

  open = (): void => this.tell('Open', {});
  message = (data: unknown): void => this.tell('Message', { data });
  error = (errMsg = 'broken'): void => this.tell('Error', { errMsg });
  closed = (): void => this.tell('Close', { code: 1000, reason: 'interrupted' });
  fail = (errMsg = 'connectSocket:fail'): void => this.options.fail({ errMsg });
  failSends = (): void => this.sends.splice(0).forEach((fail) => fail());

  private add(name: Name, listener: (event: never) => void): void {
    this.listeners.push([name, listener]);
  }

  private tell(name: Name, event: object): void {
    for (const [of, listener] of this.listeners) if (of === name) listener(event as never);
  }
}

export function fakeHost(more: Partial<Api> = {}) {
  const tasks: FakeTask[] = [];
  const listeners = new Map<string, Array<() => void>>();
  const on = (name: string) => (listener: () => void) => {
    listeners.set(name, [...(listeners.get(name) ?? []), listener]);
  };
  const off = (name: string) => (listener: () => void) => {
    listeners.set(name, (listeners.get(name) ?? []).filter((it) => it !== listener));
  };
  const api: Api = {
    connectSocket(options) {
      const task = new FakeTask(options);
      tasks.push(task);
      return task;
    },
    onAppShow: on('AppShow'),
    offAppShow: off('AppShow'),
    onAppHide: on('AppHide'),
    offAppHide: off('AppHide'),
    onNetworkStatusChange: on('NetworkStatusChange'),
    offNetworkStatusChange: off('NetworkStatusChange'),
    onMemoryWarning: on('MemoryWarning'),
    offMemoryWarning: off('MemoryWarning'),
    ...more,
  };
  return {
    api,
    tasks,
    /** How many listeners the host has. */
    count: (name: string): number => (listeners.get(name) ?? []).length,
    tell: (name: string): void => (listeners.get(name) ?? []).forEach((it) => it()),
  };
}
