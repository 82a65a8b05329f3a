// What shared files may use although no mini-program has it: the bundler puts injected.ts there.

declare function queueMicrotask(task: () => void): void;
