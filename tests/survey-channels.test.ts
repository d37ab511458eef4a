import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createSurveyActivities } from '../activities/feedback-survey';
import type { Delivery, SurveyChannel, SurveyMessage } from '../activities/feedback-survey/channel';
import { chooseChannels } from '../activities/feedback-survey/choose-channels';
import { loadConfig } from '../config';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { upsertContacts } from '../prisma/repositories/survey-sending';
import { createTestDatabase } from './support/env';
import type { TestDatabase } from './support/env';
import { startMailServer } from './support/mail-server';
import type { MailServer } from './support/mail-server';

const folder = mkdtempSync(join(tmpdir(), 'medex-channels-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const message = (address: string, more: Partial<SurveyMessage> = {}): SurveyMessage => ({
  surveyId: `s-${address}`,
  kind: 'invite',
  channel: 'email',
  address,
  subject: 'Как прошёл ваш визит?',
  text: 'Ответьте: https://example.test/s/abc\n.одна точка',
  ...more,
});

interface GatewayCall {
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, string>;
}

/** A gateway that answers with `status(to)` and keeps what it was given. */
async function startGateway(status: (to: string) => number) {
  const calls: GatewayCall[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const body = JSON.parse(text) as Record<string, string>;
      calls.push({ headers: request.headers, body });
      response.writeHead(status(body['to']!)).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/send`, calls, close: () => server.close() };
}

describe('e-mail by SMTP', () => {
  let server: MailServer;
  const channel = (query = '', user = 'house:secret@') => {
    const ca = join(folder, 'root.pem');
    writeFileSync(ca, server.ca);
    const SURVEY_SMTP_URL = `smtp://${user}localhost:${server.port}${query}`;
    return chooseChannels({ SURVEY_SMTP_URL, SURVEY_SMTP_CA: ca, SURVEY_MAIL_FROM: 'ask@medex.test' }, folder);
  };
  afterEach(() => server.close());

  it('goes out encrypted and known by its Message-ID, several in one session', async () => {
    server = await startMailServer({ startTls: true });
    const sent = await channel('?tls=required').send(['a', 'b', 'c', 'd', 'e', 'f'].map((n) => message(`${n}@x.test`)));
    expect(sent).toEqual(Array.from({ length: 6 }, () => 'sent'));
    expect(server.sessions()).toBeLessThanOrEqual(4);
    const mail = server.mails.find(({ to }) => to === 'a@x.test')!;
    expect(mail).toMatchObject({ user: 'house', encrypted: true });
    expect(mail.data).toContain('Message-ID: <s-a@x.test.invite@medex.test>');
    const [head, body] = mail.data.split('\n\n');
    // A long subject comes in several encoded words (RFC 2047).
    const words = [...head!.matchAll(/=\?UTF-8\?B\?([^?]*)\?=/g)].map((word) => Buffer.from(word[1]!, 'base64'));
    expect(head).toContain('Subject: =?UTF-8?B?');
    expect(Buffer.concat(words).toString()).toBe('Как прошёл ваш визит?');
    expect(Buffer.from(body!, 'base64').toString()).toBe(message('').text);
  });

  it('gives up an address that is none, and waits where the server is busy', async () => {
    server = await startMailServer({ startTls: true });
    server.replies.set('gone@x.test', '550 5.1.1 no such user').set('busy@x.test', '451 later');
    const addresses = ['gone@x.test', 'busy@x.test', 'fine@x.test', 'no address', 'a@x.test>\r\nRCPT TO:<b@x.test'];
    const outcomes = await channel().send(addresses.map((address) => message(address)));
    expect(outcomes).toEqual(['refused', { later: 'mail: RCPT TO: reply 451' }, 'sent', 'refused', 'refused']);
    expect(server.mails.map(({ to }) => to)).toEqual(['fine@x.test']);
  });

  it.each([
    ['550 5.1.1 <a@x.test>: user unknown', 'refused'],
    ['550-5.1.1 unknown\r\n550 5.1.1 mailbox', 'refused'],
    ['553 5.1.3 bad address', 'refused'],
    ['550 no such user here', 'refused'],
    ['551 user has moved', 'refused'],
    ['550 5.7.1 sender not authorised', 'later'],
    ['554 5.7.1 relay access denied', 'later'],
    ['554 relay access denied', 'later'],
    ['550 relay not permitted', 'later'],
    ["553 sorry, that domain isn't in my list of allowed rcpthosts", 'later'],
    ['554 5.1.8 sender address rejected: domain not found', 'later'],
    ['550 5.1.0 sender rejected', 'later'],
    ['552 5.2.2 mailbox full', 'later'],
    ['521 host takes no mail', 'later'],
  ])('takes %j of a recipient for %s', async (reply, outcome) => {
    server = await startMailServer({ startTls: false });
    server.replies.set('a@x.test', reply);
    const later = { later: `mail: RCPT TO: reply ${reply.slice(0, 3)}` };
    expect(await channel().send([message('a@x.test')])).toEqual([outcome === 'later' ? later : outcome]);
  });

  it.each(['554 spam', '552 too big', '550 5.7.1 sender not authorised', '550 5.1.1 no'])(
    'does not take "%s" of a message for a word on the address',
    async (verdict) => {
      server = await startMailServer({ startTls: false });
      server.verdicts.set('a@x.test', verdict);
      const later = `mail: DATA: reply ${verdict.slice(0, 3)}`;
      expect(await channel().send([message('a@x.test')])).toEqual([{ later }]);
    },
  );

  it('sends nothing in the clear where TLS is required, and nothing after a refused password', async () => {
    server = await startMailServer({ startTls: false });
    expect(await channel('?tls=required').send([message('a@x.test')])).toEqual([
      { later: 'mail: STARTTLS: reply 502' },
    ]);
    expect(await channel('', 'nobody:x@').send([message('a@x.test')])).toEqual([
      { later: 'mail: AUTH PLAIN: reply 535' },
    ]);
    expect(server.mails).toEqual([]);
  });
});

describe('SMS and push by a gateway', () => {
  it('carries a key by which a repeat is known, and tells bad addresses from bad days', async () => {
    const gateway = await startGateway((to) => ({ '+7-404': 422, '+7-500': 503, '+7-409': 409 })[to] ?? 202);
    const config = { SURVEY_SMS_URL: gateway.url, SURVEY_SMS_TOKEN: 'token-1' };
    const channel = chooseChannels(config, join(folder, 'outbox'));
    const to = ['+7-1', '+7-404', '+7-500', '+7-409'].map((address) => message(address, { channel: 'sms' }));
    const outcomes = await channel.send([...to, message('device', { channel: 'push' })]);
    gateway.close();
    expect(outcomes).toEqual(['sent', 'refused', { later: 'sms gateway: status 503' }, 'sent', 'sent']);
    const first = gateway.calls.find(({ body }) => body['to'] === '+7-1')!;
    expect(first.headers).toMatchObject({ 'idempotency-key': 's-+7-1.invite', authorization: 'Bearer token-1' });
    expect(first.body).toEqual({ ...first.body, channel: 'sms', id: 's-+7-1.invite', text: to[0]!.text });
    // Push has no provider here: the file outbox keeps it.
    expect(readdirSync(join(folder, 'outbox'))).toEqual(['s-device.invite.json']);
    const down = await channel.send([to[0]!]);
    expect(down).toEqual([{ later: expect.stringContaining('sms gateway: ') }]);
  });

  it('gives an address up at 410 and 422 only: the rest may come of our own settings', async () => {
    const gateway = await startGateway((to) => Number(to));
    const channel = chooseChannels({ SURVEY_SMS_URL: gateway.url }, join(folder, 'outbox'));
    const answers = [410, 422, 302, 400, 401, 402, 403, 404, 405, 408, 413, 415, 425, 429, 451, 500, 502];
    const outcomes = await channel.send(answers.map((status) => message(`${status}`, { channel: 'sms' })));
    gateway.close();
    expect(outcomes.slice(0, 2)).toEqual(['refused', 'refused']);
    expect(outcomes.slice(2)).toEqual(answers.slice(2).map((status) => ({ later: `sms gateway: status ${status}` })));
  });

  it('begins no message when a slow provider has taken its time', async () => {
    let now = Date.now();
    const gateway = await startGateway(() => ((now += 130_000), 200));
    const channel = chooseChannels({ SURVEY_SMS_URL: gateway.url }, join(folder, 'outbox'));
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now);
    const to = Array.from({ length: 20 }, (_, at) => message(`${at}`, { channel: 'sms' }));
    const outcomes = await channel.send(to).finally(() => clock.mockRestore());
    gateway.close();
    const taken = outcomes.filter((outcome) => outcome === 'sent').length;
    expect(gateway.calls).toHaveLength(taken);
    expect(taken).toBe(8);
    expect(outcomes.slice(8)).toEqual(Array.from({ length: 12 }, () => ({ later: 'out of time' })));
  });

  it('is set up whole or not at all', () => {
    const mail = { SURVEY_SMTP_URL: 'smtp://mail.test' };
    expect(() => loadConfig(mail)).toThrow('SURVEY_MAIL_FROM');
    expect(() => loadConfig({ SURVEY_SMS_URL: 'ftp://x.test' })).toThrow('SURVEY_SMS_URL');
    expect(loadConfig({ ...mail, SURVEY_MAIL_FROM: 'a@b.test' }).SURVEY_SMTP_URL).toBe('smtp://mail.test');
  });
});

describe('handing over the messages of a round', () => {
  let database: TestDatabase;
  let pool: Pool;
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = createPool({ connectionString: database.url, applicationName: 'survey-channels', max: 2 });
    await pool.query(`WITH hub AS (INSERT INTO hub (code, name) VALUES ('H', 'H') RETURNING id)
      INSERT INTO clinic (code, name, city, level, payment_mode, open_sunday, billing_term_days, hub_id)
      SELECT 'C1', 'Клиника', 'Москва', 1, 'fee-for-service', false, 30, id FROM hub`);
  });
  afterAll(async () => {
    await pool.end();
    await database.close();
  });

  const addPeople = (prefix: string, count: number) =>
    pool.query(`INSERT INTO policy (policy_no) SELECT $1 || n FROM generate_series(1, $2::int) n`, [prefix, count]);
  /** A round that asks everybody whose policy number begins so. */
  const openRound = async (prefix: string, day: string, ends = '1 day'): Promise<string> => {
    const round = await pool.query<{ id: string }>(
      `INSERT INTO survey_round (day, visits, chosen, rules, remind_at, expires_at)
       VALUES ($1, 3, 3, '{}', now(), now()) RETURNING id`,
      [day],
    );
    const { id } = round.rows[0]!;
    await pool.query(
      `INSERT INTO survey (round_id, policy_id, clinic_id, invoice_no, visit_date, probability, reason, questions, expires_at)
       SELECT $1, p.id, c.id, 'I1', '2026-01-09', 1, 'audit', '[]', now() + $3::interval FROM policy p, clinic c
       WHERE p.policy_no LIKE $2 || '%'`,
      [id, prefix, ends],
    );
    return id;
  };
  /** Takes a round's invitations through a channel, as the numbered attempt. */
  const attempts = (roundId: string, limit: number, channel: SurveyChannel) => {
    const steps = createSurveyActivities({ pool, channel, publicUrl: 'https://x.test', secret: 'secret' });
    const send = (): Promise<number> => steps.sendSurveys({ roundId, kind: 'invite', limit });
    return (attempt: number) => new MockActivityEnvironment({ attempt }).run(send);
  };
  /** Mail goes to odd numbers, SMS to even ones; a channel that answers by `outcome` and keeps what it was given. */
  const mixedRound = async (prefix: string, count: number, outcome: (to: SurveyMessage) => Delivery) => {
    await addPeople(prefix, count);
    const contacts = Array.from({ length: count }, (_, at) => {
      const channel = at % 2 === 0 ? ('email' as const) : ('sms' as const);
      return { policyNo: `${prefix}${at + 1}`, channel, address: `${at + 1}`, locale: 'ru', perPeriod: 4 } as const;
    });
    await upsertContacts(pool, contacts);
    const given: SurveyMessage[] = [];
    const channel: SurveyChannel = {
      send: async (messages) => {
        given.push(...messages);
        return messages.map(outcome);
      },
    };
    return { given, channel };
  };

  it('asks a provider that is down about one slice an attempt, while the other channel goes on', async () => {
    const { given, channel } = await mixedRound('D', 300, (to) =>
      to.channel === 'email' ? { later: 'mail: CONN: failed' } : 'sent',
    );
    const send = attempts(await openRound('D', '2026-01-11'), 300, channel);
    await expect(send(1)).rejects.toThrow('150 messages could not be handed over: mail: CONN: failed');
    expect(given.filter(({ channel: by }) => by === 'sms')).toHaveLength(150);
    expect(given.filter(({ channel: by }) => by === 'email').length).toBeLessThanOrEqual(50);
    given.length = 0;
    await expect(send(2)).rejects.toThrow('150 messages');
    expect(given).toHaveLength(50);
    // After the last attempt nobody is waited for any more.
    expect(await send(100)).toBe(0);
  });

  it('lets messages that are put off again and again hold up no others', async () => {
    const { channel } = await mixedRound('F', 200, ({ address }) =>
      Number(address) <= 80 ? { later: 'full' } : 'sent',
    );
    const roundId = await openRound('F', '2026-01-12');
    // Fewer a call than there are hopeless ones: in one order they would be asked about for ever.
    const send = attempts(roundId, 60, channel);
    for (let attempt = 1; attempt <= 30; attempt++) await send(attempt).catch(() => undefined);
    const sent = await pool.query(`SELECT FROM survey WHERE round_id = $1 AND state = 'sent'`, [roundId]);
    expect(sent.rowCount).toBe(120);
  });

  it('ends an attempt before its time is over, and the last one asks for another call where messages went', async () => {
    const { given, channel } = await mixedRound('S', 200, () => 'sent');
    let now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now);
    const slow: SurveyChannel = {
      send: (messages) => {
        now += 130_000;
        return channel.send(messages);
      },
    };
    try {
      const send = attempts(await openRound('S', '2026-01-13'), 150, slow);
      await expect(send(1)).rejects.toThrow('50 messages could not be handed over');
      expect(given).toHaveLength(100);
      expect(await send(2)).toBe(100);
    } finally {
      clock.mockRestore();
    }
    const more = await mixedRound('T', 100, ({ address }) => (Number(address) === 1 ? { later: 'full' } : 'sent'));
    const last = attempts(await openRound('T', '2026-01-14'), 100, more.channel);
    expect(await last(100)).toBe(100);
    expect(await last(100)).toBe(0);
  });

  it('invites nobody to a survey that has expired', async () => {
    const { given, channel } = await mixedRound('E', 3, () => 'sent');
    expect(await attempts(await openRound('E', '2026-01-15', '-1 second'), 10, channel)(1)).toBe(0);
    expect(given).toEqual([]);
  });

  it('repeats only what was not taken, and asks a dead address no more until it changes', async () => {
    const contact = (n: number, address: string) =>
      ({ policyNo: `P${n}`, channel: 'sms', address, locale: 'ru', perPeriod: 4 }) as const;
    await addPeople('P', 3);
    await upsertContacts(pool, [contact(1, '+7-1'), contact(2, '+7-404'), contact(3, '+7-3')]);
    const roundId = await openRound('P', '2026-01-10');
    let down = true;
    const gateway = await startGateway((to) => (to === '+7-404' ? 410 : to === '+7-3' && down ? 503 : 200));
    const channel = chooseChannels({ SURVEY_SMS_URL: gateway.url }, folder);
    const steps = createSurveyActivities({ pool, channel, publicUrl: 'https://x.test', secret: 'secret' });
    const send = () => steps.sendSurveys({ roundId, kind: 'invite', limit: 10 });
    await expect(send()).rejects.toThrow('1 messages could not be handed over: sms gateway: status 503');
    down = false;
    expect(await send()).toBe(1);
    expect(await send()).toBe(0);
    gateway.close();
    const keys = gateway.calls.map(({ headers }) => headers['idempotency-key']);
    expect(gateway.calls.filter(({ body }) => body['to'] === '+7-3')).toHaveLength(2);
    expect(gateway.calls).toHaveLength(4);
    expect(new Set(keys).size).toBe(3);
    const unreachable = () =>
      pool.query(`SELECT count(*)::int AS n FROM survey_contact WHERE undeliverable_at IS NOT NULL`);
    expect((await unreachable()).rows[0].n).toBe(1);
    await upsertContacts(pool, [contact(2, '+7-404')]);
    expect((await unreachable()).rows[0].n).toBe(1);
    await upsertContacts(pool, [contact(2, '+7-2')]);
    expect((await unreachable()).rows[0].n).toBe(0);
  });
});
