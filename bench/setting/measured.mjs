// Rows of tim-bench: one of its commands is run, and what it prints becomes rows of the table.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { row } from '../table.mjs';
import { timServerProgram } from './programs.mjs';

/** Far more than any command takes on a machine that does anything at all. */
const TIMEOUT_MS = 600_000;

/** What one command of tim-bench measured; without one it compares with its reference. */
export async function measured(setting, args) {
  const program = await setting.timBench();
  const server = await timServerProgram();
  const { stdout } = await promisify(execFile)(program, [...args, '--json', '--server', server], { timeout: TIMEOUT_MS });
  return JSON.parse(stdout).rows;
}

/** The same as rows; `goals` by the beginnings of their names, `references` for those that have none of their own. */
export async function measuredRows(setting, args, { title, goals = [], references = [] }) {
  const of = (pairs, name) => pairs.find(([begins]) => name.startsWith(begins))?.[1];
  return (await measured(setting, args)).map(({ name, ours, reference, note }) => {
    const [, what, unit] = /^(.*?)(?:, ([^,]+))?$/.exec(name);
    const beside = reference ?? of(references, name);
    return row({ what: `${title}: ${what}`, unit: unit ?? 'count', ours, reference: beside, goal: of(goals, name), note });
  });
}
