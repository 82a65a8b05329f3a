// The module translated to JavaScript, for the compiler; the build puts the real one in its place.

declare module '#script' {
  /** The module's exports. */
  export function instantiate(imports: object): Record<string, unknown>;
}
