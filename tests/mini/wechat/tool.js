// The process in which WeChat's tool carries out one order of build.js and answers with a message.
//
// Of what the tool asks its makers' servers only one thing is needed, the limits of the project's
// account, and for that it has a default.

import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const { home, work, projectPath, outFolder, setting } = JSON.parse(process.argv[2]);

const require = createRequire(join(home, 'package.json'));

const WORKS = {
  packNpm: async (ci, project) => ci.packNpm(project, {}),
  async compile(ci, project) {
    const files = await ci.getCompiledResult({ project, version: '1.0.0', desc: 'check', setting });
    for (const [name, content] of Object.entries(files)) {
      const path = join(outFolder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
    return Object.keys(files).sort();
  },
};

async function carryOut() {
  const ci = require('miniprogram-ci');
  const { DefaultProjectAttr } = require('miniprogram-ci/dist/config/config');
  const project = new ci.Project({
    appid: 'wx0000000000000000',
    type: 'miniProgram',
    projectPath,
    // It signs uploads, and there are none: the tool only wants to be given something.
    privateKey: 'none',
    ignores: ['node_modules/**/*'],
  });
  project.attr = async () => DefaultProjectAttr;
  project.attrSync = () => DefaultProjectAttr;
  return WORKS[work](ci, project);
}

const answer = await carryOut().then(
  (done) => ({ done }),
  (error) => ({ failed: error?.stack ?? String(error) }),
);
// The tool's worker threads would keep the process for minutes.
process.send(answer, () => process.exit());
