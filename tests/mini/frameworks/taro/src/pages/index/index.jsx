// The page that converses, and shows the outcome as JSON.

import { useState } from 'react';
import { Text } from '@tarojs/components';
import { useLoad } from '@tarojs/taro';
import TIM from 'tim-wasm/mini';
import { converse } from '../../conversation';

export default function Index() {
  const [outcome, show] = useState({});
  useLoad(() => {
    converse(TIM, show);
  });
  return <Text>{JSON.stringify(outcome)}</Text>;
}
