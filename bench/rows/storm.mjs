// Everybody loses the connection at once and comes back.

import { measuredRows } from '../setting/measured.mjs';

export const measure = (setting) => measuredRows(setting, ['storm'], { title: 'storm' });
