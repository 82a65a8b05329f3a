// What goes wrong inside a program and is caught by nobody there.
//
// Node tells of unhandled rejections through one event of the process, and a test runner fails the
// test that runs. A rejection of a program's promise is the program's business: it is taken out before
// anybody else hears of it. Knows of programs only which promises are theirs.

/** Weak, because the promises of an ended program may still be rejected for as long as it exists. */
const collectors = new Set();
let usualEmit;

function emit(name, ...given) {
  if (name === 'unhandledRejection') {
    for (const reference of collectors) {
      const collector = reference.deref();
      if (!collector) collectors.delete(reference);
      else if (collector.takes(...given)) return true;
    }
  }
  return usualEmit.call(this, name, ...given);
}

export class Errors {
  /** Each is `{ kind: 'error' | 'rejection', text, error }`; `text` has the stack, when there is one. */
  list = [];
  #owns;
  #tell;
  #isOver = false;

  /** `owns(promise)` knows the program's promises; `tell(kind, error)` hears of each entry. */
  constructor(owns, tell) {
    this.#owns = owns;
    this.#tell = tell;
    if (!usualEmit) {
      usualEmit = process.emit;
      process.emit = emit;
    }
    collectors.add(new WeakRef(this));
  }

  takes(reason, promise) {
    if (!this.#owns(promise)) return false;
    this.add('rejection', reason);
    return true;
  }

  add(kind, error) {
    if (this.#isOver) return;
    this.list.push({ kind, text: String(error?.stack ?? error?.errMsg ?? error), error });
    this.#tell(kind, error);
  }

  /** What an ended program still rejects concerns nobody. */
  end() {
    this.#isOver = true;
  }
}
