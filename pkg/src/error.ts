// The one error of the API, and how failures of the engine become one.
//
// The engine says what went wrong as JSON text; here it becomes a real `Error` whose `code`,
// `message` and `data` are own enumerable properties, because applications log them with
// `JSON.stringify`. Which code stands for what is decided elsewhere.

/** The codes that this side of the boundary raises itself. */
export const Code = {
  NO_SDKAPPID: 2000,
  NOT_LOGGED_IN: 2024,
  REPEAT_LOGIN: 2025,
  UNCAUGHT_ERROR: 2903,
  CANNOT_FIND_MODULE: 2998,
  LOGGING_IN: 3000,
  INVALID_PARAMETERS: 6017,
} as const;

/** What the engine rejects or throws with, as text. */
export interface Failure {
  code: number;
  message: string;
  data?: unknown;
}

export class TimError extends Error {
  declare readonly code: number;
  declare readonly data: unknown;

  constructor({ code, message, data = {} }: Failure) {
    super(message);
    const own = (value: unknown): PropertyDescriptor => ({ value, enumerable: true, writable: true, configurable: true });
    Object.defineProperties(this, { code: own(code), message: own(message), data: own(data) });
  }
}

/** Reads what the engine rejected or threw with; anything that is not its JSON is a failure of ours. */
export function failureOf(reason: unknown, method: string): Failure {
  if (typeof reason === 'string') {
    try {
      const failure = JSON.parse(reason) as Failure;
      if (typeof failure.code === 'number') return failure;
    } catch {
      // No JSON: reported below like any other surprise.
    }
  }
  return { code: Code.UNCAUGHT_ERROR, message: `${method}: internal failure: ${String(reason)}` };
}
