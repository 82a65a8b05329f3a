// Profiles: reading, changing, making one up for a test.

import TIM, { Profile } from 'tim-js-sdk';

const tim = TIM.create({ SDKAppID: 1400000000 });

export async function profiles(): Promise<Profile[]> {
  const { data: mine }: { data: Profile } = await tim.getMyProfile();
  const res = await tim.updateMyProfile({
    nick: 'My name',
    avatar: 'http(s)://url/to/image.jpg',
    gender: TIM.TYPES.GENDER_MALE,
    selfSignature: 'I am me',
    allowType: TIM.TYPES.ALLOW_TYPE_ALLOW_ANY,
    adminForbidType: TIM.TYPES.FORBID_TYPE_NONE,
    birthday: 19700101,
    messageSettings: 0,
    profileCustomField: [{ key: 'Tag_Profile_Custom_Test1', value: 'x' }, 'whatever'],
  });
  const others: Profile[] = (await tim.getUserProfile({ userIDList: ['ann', 'bob'] })).data;
  const when: number = mine.lastUpdatedNumber;
  return [mine, res.data, ...others].filter((it) => it.gender !== TIM.TYPES.GENDER_UNKNOWN && when >= 0);
}

export const nobody: Profile = {
  userID: '',
  nick: '',
  gender: TIM.TYPES.GENDER_UNKNOWN,
  birthday: 0,
  location: '',
  selfSignature: '',
  allowType: TIM.TYPES.ALLOW_TYPE_DENY_ANY,
  language: 0,
  avatar: '',
  messageSettings: 0,
  adminForbidType: TIM.TYPES.FORBID_TYPE_SEND_OUT,
  level: 0,
  role: 0,
  lastUpdatedNumber: 0,
  profileCustomField: [],
};
tim.on(TIM.EVENT.PROFILE_UPDATED, (event: { data: Profile[] }) => event.data.map(({ userID }) => userID));
