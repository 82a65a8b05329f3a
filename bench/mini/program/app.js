// The program that is measured. It has no pages: what they would draw is not the SDK's work.

App({});
