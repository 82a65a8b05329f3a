// Changing an object that the application already holds.
//
// Screens are rendered straight from these objects, often through a reactive proxy, so an update
// writes only what changed, through the reference it is given, and keeps nested objects where it
// can. What the application changed itself stays until the engine has something new to say about
// it: therefore the comparison is between what the engine said before and what it says now.

export type Fields = Record<string, unknown>;

/** Brings `target` from `before` to `now`, both as the engine said them; `now` may be a part. */
export function update(target: Fields, before: Fields, now: Fields): void {
  for (const key of Object.keys(now)) {
    const [old, said] = [before[key], now[key]];
    if (old === said || same(old, said)) continue;
    const current = target[key];
    const value = next(current, old, said);
    if (value !== current) target[key] = value;
  }
}

/** The value a field gets: `current` itself where that can be changed in place. */
function next(current: unknown, before: unknown, now: unknown): unknown {
  if (same(current, now)) return current;
  if (isPlain(current) && isPlain(before) && isPlain(now)) {
    if (Object.keys(now).every((key) => key in current)) {
      update(current, before, now);
      for (const key of Object.keys(before)) if (!(key in now)) delete current[key];
      return current;
    }
    // With new keys it must be a new object (Vue 2 sees no additions); the application's own keys move along.
    const own = Object.entries(current).filter(([key]) => !(key in before));
    return { ...Object.fromEntries(own), ...copy(now) };
  }
  return copy(now);
}

/** A deep copy of JSON data. */
export function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (!isPlain(value)) return value;
  const made: Fields = { ...value };
  for (const key of Object.keys(made)) if (typeof made[key] === 'object') made[key] = copy(made[key]);
  return made as T;
}

export function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether two JSON values are equal. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((it, index) => same(it, b[index]));
  if (!isPlain(a) || !isPlain(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}
