// How long a message takes when the server has half of what it can bear.

import { measuredRows } from '../setting/measured.mjs';
import { atMost } from '../table.mjs';

const goals = [['send to received p99', atMost(25)]];

export const measure = (setting) => measuredRows(setting, ['latency'], { title: 'at half load', goals });
