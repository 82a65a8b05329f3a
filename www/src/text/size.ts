// How long a text may be, in the bytes the SDK counts.

const encoder = new TextEncoder();

/** What a message may have: its payload as JSON, in UTF-8. */
export const MESSAGE_LIMIT = 12_288;

/** What a nick or the URL of an avatar may have. */
export const PROFILE_LIMIT = 500;

export const bytes = (text: string) => encoder.encode(text).length;

/** Bytes a text message with this text may still grow; negative when it is too long. */
export const messageRoom = (text: string) => MESSAGE_LIMIT - bytes(JSON.stringify({ text }));
