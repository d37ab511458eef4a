import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { createCmsSigner } from '../../activities/signature/cms-rsa';

export interface ReceivedMail {
  readonly to: string;
  readonly user: string | null;
  readonly encrypted: boolean;
  readonly data: string;
}

export interface MailServer {
  readonly port: number;
  /** Root to trust, PEM. */
  readonly ca: string;
  readonly mails: ReceivedMail[];
  /** Replies to `RCPT TO` by address; others get 250. */
  readonly replies: Map<string, string>;
  /** Replies to a whole message by address; others get 250. */
  readonly verdicts: Map<string, string>;
  readonly sessions: () => number;
  readonly close: () => Promise<void>;
}

/** A mail server for tests: EHLO, STARTTLS, AUTH PLAIN, RSET and one message after another. */
export async function startMailServer(options: { readonly startTls: boolean }): Promise<MailServer> {
  const folder = await mkdtemp(join(tmpdir(), 'medex-mail-'));
  await createCmsSigner(folder, 'localhost');
  const pem = async (name: string, label: string): Promise<string> => {
    const body = (await readFile(join(folder, name))).toString('base64').replace(/.{64}/g, '$&\n');
    return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
  };
  const ca = await pem('signing-certificate.der', 'CERTIFICATE');
  const secureContext = createSecureContext({ key: await pem('signing-key.der', 'PRIVATE KEY'), cert: ca });
  await rm(folder, { recursive: true });
  const mails: ReceivedMail[] = [];
  const replies = new Map<string, string>();
  const verdicts = new Map<string, string>();
  let sessions = 0;
  const serve = (socket: Socket, encrypted: boolean): void => {
    let user: string | null = null;
    let to = '';
    let data: string[] | null = null;
    let rest = '';
    const say = (text: string): void => void socket.write(`${text}\r\n`);
    const take = (line: string): void => {
      if (data !== null) {
        if (line !== '.') return void data.push(line.startsWith('..') ? line.slice(1) : line);
        const verdict = verdicts.get(to);
        if (verdict === undefined) mails.push({ to, user, encrypted, data: data.join('\n') });
        data = null;
        return say(verdict ?? '250 taken');
      }
      if (line.startsWith('EHLO'))
        say(options.startTls && !encrypted ? '250-test\r\n250 STARTTLS' : '250-test\r\n250 AUTH PLAIN');
      else if (line === 'STARTTLS' && !options.startTls) say('502 not here');
      else if (line === 'STARTTLS') {
        say('220 go on');
        socket.removeAllListeners('data');
        serve(new TLSSocket(socket, { isServer: true, secureContext }), true);
      } else if (line.startsWith('AUTH PLAIN ')) {
        user = Buffer.from(line.slice(11), 'base64').toString().split('\0')[1] ?? null;
        say(user === 'nobody' ? '535 no' : '235 yes');
      } else if (line.startsWith('RCPT TO:')) {
        to = line.slice(9, -1);
        say(replies.get(to) ?? '250 fine');
      } else if (line === 'DATA') {
        data = [];
        say('354 go on');
      } else say('250 fine');
    };
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop()!;
      lines.forEach(take);
    });
  };
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    sessions++;
    open.add(socket);
    socket.write('220-welcome\r\n220 test\r\n');
    serve(socket, false);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ca,
    mails,
    replies,
    verdicts,
    sessions: () => sessions,
    close: () =>
      new Promise((resolve) => {
        open.forEach((socket) => socket.destroy());
        server.close(() => resolve());
      }),
  };
}
