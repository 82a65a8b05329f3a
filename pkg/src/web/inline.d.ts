// The WebAssembly binary as base64 text; written by the build.
declare const base64: string;
export default base64;
