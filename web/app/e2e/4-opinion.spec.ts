// Journey 4: the expert writes and signs the opinion, the doctor decides and
// follows up, each sees the other's part, the paper prints.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { caseOf, opinionIsDue } from './support/cases';
import { Person } from './support/person';
import { photograph } from './support/photograph';
import { Server } from './support/server';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

test('opinion, decision and outcome', async () => {
  const [li, wang] = await Promise.all([Person.arrives(server, 'li'), Person.arrives(server, 'wang')]);
  const id = await opinionIsDue(li, wang);
  await li.opens(`/consults/${id}`);
  await li.sees('next.opinion-due.other');

  // Written: saved as one types, nothing lost on reload, nobody else sees it.
  await wang.opens(`/consults/${id}`);
  await wang.button('deed.opinion').click();
  await wang.field('opinion.findings').fill('下壁导联抬高，心率慢，血压偏低。');
  await wang.field('opinion.diagnosis').fill('急性下壁心肌梗死');
  await wang.field('opinion.treatment').fill('阿司匹林 300 mg 嚼服，立即转上级医院。');
  await wang.field('opinion.red_flags').fill('意识改变、收缩压低于 90');
  await wang.sees('save.saved');
  await wang.page.reload();
  expect(await wang.field('opinion.treatment').inputValue()).toContain('阿司匹林');
  const before = await caseOf(li, id);
  expect(before.opinions).toEqual([]);
  expect(before.draft).toBeUndefined();
  expect(JSON.stringify(before)).not.toContain('阿司匹林');

  // Signed, with a summary of what it rests on; the doctor sees it without reloading.
  await wang.button('write.sign').click();
  const summary = wang.page.getByRole('dialog', { name: wang.say('write.signTitle') });
  await wang.sees({ words: '急性下壁心肌梗死' }, summary);
  await photograph(wang, 'sign');
  await wang.button('write.signGo', summary).click();
  await wang.page.waitForURL(`**/consults/${id}`);
  await li.sees({ words: '阿司匹林 300 mg 嚼服，立即转上级医院。' });
  const again = await wang.asks('PUT', `/api/consults/${id}/opinion`, { content: before.request });
  expect(again.status).toBeGreaterThanOrEqual(400);

  // Only an addendum may follow.
  await wang.button('deed.append').click();
  await wang.field('ask.append.label').fill('右室导联也请补做。');
  await wang.button('ask.append.go', wang.dialog()).click();
  await li.sees({ words: '右室导联也请补做。' });

  // The doctor decides, and later says what came of it; the expert sees both.
  await li.button('deed.decide').click();
  await li.page.getByLabel(li.say('decision.partly')).check();
  await li.field('decide.why').fill('已嚼服阿司匹林，家属要求先观察半小时。');
  await li.button('decide.go', li.dialog()).click();
  await wang.sees({ words: '已嚼服阿司匹林，家属要求先观察半小时。' });
  await wang.sees('decision.partly');
  await li.button('deed.follow').click();
  await li.field('follow.text').fill('支架术后第七天，恢复好。');
  await li.button('follow.go', li.dialog()).click();
  await wang.sees({ words: '支架术后第七天，恢复好。' });
  await photograph(li, 'answered');

  // On paper: one A4 page, in Chinese.
  await li.opens(`/consults/${id}/print`);
  await li.sees('paper.title');
  await li.sees({ words: '急性下壁心肌梗死' });
  await li.page.emulateMedia({ media: 'print' });
  const paper = await li.page.pdf({ format: 'A4', preferCSSPageSize: true });
  expect(paper.toString('latin1').match(/\/Type\s*\/Page[^s]/g)).toHaveLength(1);
  await photograph(li, 'paper');
});
