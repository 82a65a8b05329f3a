// The objects that the application holds and the engine keeps telling about.
//
// The engine names an object by its ID and says how it looks now; here is the one object that
// stands for it, so that a message is the same in pages, events and results. What the engine said
// last is kept beside the object, never on it. Which objects are worth keeping, and for how long, is
// the engine's decision: it says `forget` and `reset`.

import { blankConversation, blankLastMessage, blankMessage, blankProfile } from './templates.js';
import { copy, isPlain, same, update, type Fields } from './update.js';

/** What the engine says about objects, in the order in which it is to be applied. */
export type ObjectOperation =
  | { op: 'message'; m: Fields; v: Fields }
  | { op: 'patch'; ID: string; set: Fields }
  | { op: 'conversation'; c: Fields }
  | { op: 'profile'; p: Fields; at: number }
  | { op: 'forget'; IDs: string[] }
  | { op: 'forgetConversation'; conversationID: string }
  | { op: 'reset' };

interface Entry {
  /** The one object the application sees. */
  object: Fields;
  /** How the engine described it last, every field present. */
  told: Fields;
  /** Of a message that was made here and not sent yet: the engine's text of it. */
  text?: string;
}

/** What hangs on the calls that run with a message. */
interface Followed {
  /** The references that were passed. */
  passed: Fields[];
  /** Of a message that was made here and not told of since: it counts until the calls have ended. */
  created?: Entry | undefined;
}

/** Messages that were made and perhaps never get sent; an application makes few at a time. */
const CREATED_LIMIT = 500;

export interface LiveObjects {
  apply(operation: ObjectOperation): void;
  /** Replaces the references in data of the engine by the objects they stand for. */
  revive(data: unknown): unknown;
  /** A message that was made just now and is known to nobody else, by the engine's text of it. */
  create(text: string): Fields;
  find(ID: unknown): Fields | null;
  /** The text of a message that is, field by field, as it was made here. */
  textAsCreated(ID: string, passed: Fields): string | undefined;
  /**
   * While a call runs with a message, changes go through the very reference that was passed, and
   * first of all: if the object behind a reactive proxy changed earlier, the proxy would see no
   * difference and the screen would stay as it is. Returns the end of this.
   */
  follow(ID: string, passed: Fields): () => void;
}

export function createLiveObjects(report: (problem: string, error: unknown) => void): LiveObjects {
  const messages = new Map<string, Entry>();
  const created = new Map<string, Entry>();
  const conversations = new Map<string, Entry>();
  const profiles = new Map<string, Entry>();
  const followed = new Map<string, Followed>();

  const known = (ID: string): Entry | undefined => messages.get(ID) ?? created.get(ID) ?? followed.get(ID)?.created;
  const entryOf = (told: Fields): Entry => ({ object: copy(told), told });

  /** The reference may be a proxy or have setters of the application, which may throw. */
  function change(target: Fields, before: Fields, now: Fields): void {
    try {
      update(target, before, now);
    } catch (error) {
      report('an object of the application refused an update', error);
    }
  }

  /** `now` may be a part. */
  function tell(entry: Entry, now: Fields, passed: Fields[] = []): void {
    // Mostly the app passes the very object that is kept here: once is enough.
    for (const target of passed) if (target !== entry.object) change(target, entry.told, now);
    change(entry.object, entry.told, now);
    Object.assign(entry.told, now);
  }

  function tellMessage(ID: string, now: Fields): void {
    const entry = known(ID);
    const passed = followed.get(ID)?.passed;
    if (entry) tell(entry, now, passed);
    else passed?.forEach((target) => change(target, {}, now));
    created.delete(ID);
    delete entry?.text;
    messages.set(ID, entry ?? entryOf(now));
  }

  /** A profile that comes with a conversation says nothing about when it was refreshed. */
  function profile(p: Fields, refreshed?: number): Fields {
    const userID = String(p.userID);
    const entry = profiles.get(userID);
    const now = { ...blankProfile(userID), ...p, lastUpdatedTime: refreshed ?? entry?.told.lastUpdatedTime ?? 0 };
    if (entry) {
      tell(entry, now);
      return entry.object;
    }
    const made = entryOf(now);
    profiles.set(userID, made);
    return made.object;
  }

  function conversation(c: Fields): void {
    const ID = String(c.conversationID);
    const { userProfile, ...rest } = c;
    // The peer's profile is an object with a life of its own and no part of what is compared.
    const peer = isPlain(userProfile) ? ('$p' in userProfile ? revive(userProfile) : profile(userProfile)) : undefined;
    const now = { ...rest, lastMessage: { ...blankLastMessage(), ...(c.lastMessage as object) } };
    let entry = conversations.get(ID);
    if (entry) tell(entry, now);
    else conversations.set(ID, (entry = entryOf({ ...blankConversation(ID), ...now })));
    entry.object.userProfile ??= peer;
  }

  function revive(data: unknown): unknown {
    if (Array.isArray(data)) return data.map(revive);
    if (!isPlain(data)) return data;
    if ('$m' in data) return messages.get(String(data.$m))?.object ?? null;
    if ('$c' in data) return conversations.get(String(data.$c))?.object ?? null;
    if ('$p' in data) return profiles.get(String(data.$p))?.object ?? null;
    if ('$M' in data) {
      const { m, v } = data.$M as { m: Fields; v: Fields };
      return described(m, v);
    }
    for (const key of Object.keys(data)) data[key] = revive(data[key]);
    return data;
  }

  return {
    revive,
    apply(operation) {
      switch (operation.op) {
        case 'message':
          return tellMessage(String(operation.m.ID), described(operation.m, operation.v));
        case 'patch':
          if (known(operation.ID)) tellMessage(operation.ID, operation.set);
          return;
        case 'conversation':
          return conversation(operation.c);
        case 'profile':
          profile(operation.p, operation.at);
          return;
        case 'forget':
          for (const ID of operation.IDs) messages.delete(ID);
          return;
        case 'forgetConversation':
          conversations.delete(operation.conversationID);
          return;
        case 'reset':
          for (const map of [messages, created, conversations, profiles]) map.clear();
          for (const it of followed.values()) delete it.created;
      }
    },
    create(text) {
      const { m, v } = JSON.parse(text) as { m: Fields; v: Fields };
      const told = described(m, v);
      const entry: Entry = { ...entryOf(told), text };
      created.set(String(told.ID), entry);
      if (created.size > CREATED_LIMIT) created.delete(created.keys().next().value as string);
      return entry.object;
    },
    find: (ID) => (typeof ID === 'string' && messages.get(ID)?.object) || null,
    textAsCreated(ID, passed) {
      const entry = messages.has(ID) ? undefined : known(ID);
      try {
        return entry && Object.keys(entry.told).every((key) => same(entry.told[key], passed[key])) ? entry.text : undefined;
      } catch {
        return undefined;
      }
    },
    follow(ID, passed) {
      const it = followed.get(ID) ?? { passed: [], created: created.get(ID) };
      it.passed.push(passed);
      followed.set(ID, it);
      return () => {
        const entry = known(ID);
        it.passed.splice(it.passed.indexOf(passed), 1);
        if (!it.passed.length) followed.delete(ID);
        // An application may have set the status itself before it sent once more; the outcome of the
        // call is what counts.
        if (!entry) return;
        const { status } = entry.told;
        if (passed !== entry.object) change(passed, {}, { status });
        change(entry.object, {}, { status });
      };
    },
  };
}

/** A message as the engine describes it, with the fields it left out. */
function described(m: Fields, v: Fields): Fields {
  return { ...blankMessage(String(m.ID)), ...m, ...v };
}
