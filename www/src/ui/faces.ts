// The stickers this page has, by the index that a face message carries. Drawn from a few parts, so
// that they look the same everywhere; other applications may know other faces and show the name.

export interface Face {
  name: string;
  eyes: string;
  mouth: string;
  /** Something on top: a blush, a tear. */
  extra?: string;
}

const OPEN = 'M11 13v2M21 13v2';
const HAPPY = 'M9.5 14.5q1.5-2.5 3 0M19.5 14.5q1.5-2.5 3 0';

export const FACES: readonly Face[] = [
  { name: 'Smile', eyes: OPEN, mouth: 'M10.5 19.5q5.5 5 11 0' },
  { name: 'Laugh', eyes: HAPPY, mouth: 'M10 18.5h12q-1 6-6 6t-6-6Z' },
  { name: 'Wink', eyes: 'M11 13v2M19.5 14h3.5', mouth: 'M11 19.5q5.5 4.5 10-.5' },
  { name: 'Love', eyes: HAPPY, mouth: 'M11 19.5q5 4.5 10 0', extra: 'heart' },
  { name: 'Surprise', eyes: OPEN, mouth: 'M16 18.5a2.5 2.8 0 1 1 0 5.6 2.5 2.8 0 0 1 0-5.6Z' },
  { name: 'Thinking', eyes: 'M11.5 12.5v2M21 12v2', mouth: 'M12 21.5q4-2 8-.5' },
  { name: 'Sad', eyes: OPEN, mouth: 'M11 22.5q5-4.5 10 0' },
  { name: 'Cry', eyes: 'M9.5 14q1.5 1.5 3 0M19.5 14q1.5 1.5 3 0', mouth: 'M12 22.5q4-3 8 0', extra: 'tear' },
];
