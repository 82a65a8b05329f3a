// Connections that are held while a few write: as many as files may be open, up to 20,000.

import { measuredRows } from '../setting/measured.mjs';
import { atLeast } from '../table.mjs';

const goals = [['connections held', atLeast(20_000)]];

export const measure = (setting) => measuredRows(setting, ['held'], { title: 'held', goals });
