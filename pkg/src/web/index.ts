// The ESM entry. `ChatSDK` is a name for types that applications also import as a value.

import { TIM } from './namespace.js';

export { ChatSDK } from '../tim.js';
export default TIM;
