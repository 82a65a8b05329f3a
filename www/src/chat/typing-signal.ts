// The custom message that says "I am typing", in the form TIM's own apps use, so that they understand
// each other. It is sent to those who are online and stored nowhere.

import type { CustomPayload } from 'tim-wasm';

const BUSINESS = 'user_typing_status';

export const typingSignal = (): CustomPayload => ({
  data: JSON.stringify({ businessID: BUSINESS, typingStatus: 1, version: 1, userAction: 14, actionParam: 'EIMAMSG_InputStatus_Ing' }),
  description: '',
  extension: '',
});

export const isTypingSignal = (payload: CustomPayload): boolean => signalIn(payload) !== undefined;

/** The other form says that typing ended without a message. */
export const saysTyping = (payload: CustomPayload): boolean => signalIn(payload)?.typingStatus === 1;

function signalIn({ data }: CustomPayload): { typingStatus?: unknown } | undefined {
  if (!data.includes(BUSINESS)) return undefined;
  try {
    const signal = JSON.parse(data) as { businessID?: unknown; typingStatus?: unknown } | null;
    return signal?.businessID === BUSINESS ? signal : undefined;
  } catch {
    return undefined;
  }
}
