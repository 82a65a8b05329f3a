// The oldest engine we support: what a newer one has in addition is taken away.
//
// The function is compiled in the program's context and sees nothing of this file. Syntax cannot be
// taken away; the checks of the package's build look after that.

export function becomeOld(global) {
  const typed = Object.getPrototypeOf(Uint8Array);
  const newer = [
    [global, ['BigInt', 'BigInt64Array', 'BigUint64Array', 'Proxy', 'FinalizationRegistry', 'WeakRef', 'Atomics']],
    [global, ['AggregateError', 'structuredClone', 'Iterator', 'SharedArrayBuffer', 'DisposableStack']],
    [Object, ['hasOwn', 'groupBy']],
    [Map, ['groupBy']],
    [Promise, ['any', 'withResolvers', 'try']],
    [Array, ['fromAsync']],
    [Array.prototype, ['at', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'toSpliced', 'with', 'group']],
    [typed.prototype, ['at', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'with']],
    [String.prototype, ['at', 'replaceAll', 'isWellFormed', 'toWellFormed']],
    [RegExp.prototype, ['hasIndices', 'unicodeSets']],
    [ArrayBuffer.prototype, ['resize', 'resizable', 'maxByteLength', 'transfer', 'transferToFixedLength', 'detached']],
    [DataView.prototype, ['getBigInt64', 'getBigUint64', 'setBigInt64', 'setBigUint64']],
  ];
  for (const [object, names] of newer) for (const name of names) delete object[name];
  for (const name of ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError']) {
    global[name] = withoutCause(global[name]);
  }

  /** The same kind of error, deaf to the second argument. */
  function withoutCause(Native) {
    function OldError(message) {
      const given = message === undefined ? [] : [message];
      return Reflect.construct(Native, given, new.target || OldError);
    }
    Object.setPrototypeOf(OldError, Object.getPrototypeOf(Native));
    for (const key of ['captureStackTrace', 'stackTraceLimit'])
      if (Object.hasOwnProperty.call(Native, key)) OldError[key] = Native[key];
    Object.defineProperty(OldError, 'name', { value: Native.name });
    OldError.prototype = Native.prototype;
    Object.defineProperty(OldError.prototype, 'constructor', { value: OldError, writable: true, configurable: true });
    return OldError;
  }
}
