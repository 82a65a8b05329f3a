// What a delivery costs three nodes with NATS, beside one node with the same load on the same kind of database.

import { measuredRows } from '../setting/measured.mjs';
import { timesAtMost } from '../table.mjs';

const goals = [['server CPU per delivery', timesAtMost(1.5)]];

export const measure = (setting) => measuredRows(setting, ['cluster'], { title: 'cluster', goals });
