import { connect as connectPlain } from 'node:net';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';

/** Where mail goes out, from `smtp[s]://user:password@host:port`. */
export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (smtps). */
  readonly secure: boolean;
  /** Without smtps: leave rather than go on without STARTTLS. */
  readonly requireTls: boolean;
  readonly user?: string;
  readonly password?: string;
  /** Trusted root of an own mail server, PEM. */
  readonly ca?: string;
}

export interface SmtpReply {
  readonly code: number;
  readonly text: string;
}

/** A reply that does not let the session go on; `code` 0: the connection failed. */
export class SmtpError extends Error {
  constructor(
    readonly step: string,
    readonly code: number,
  ) {
    super(`${step}: ${code === 0 ? 'connection failed' : `reply ${code}`}`);
    this.name = 'SmtpError';
  }
}

const TIMEOUT_MS = 20_000;
const LONGEST_REPLY = 16_384;

/** One session with a mail server (RFC 5321, STARTTLS by RFC 3207, AUTH PLAIN by RFC 4954), for many messages. */
export interface SmtpSession {
  /** @throws SmtpError at the step that failed; after a reply (`code` not 0) the session can take the next message */
  readonly send: (mail: { readonly from: string; readonly to: string; readonly data: string }) => Promise<void>;
  readonly close: () => void;
}

export async function openSmtp(options: SmtpOptions): Promise<SmtpSession> {
  const { host, port, ca } = options;
  const tls = { servername: host, ...(ca === undefined ? {} : { ca }) };
  let line = talk(options.secure ? connectTls({ host, port, ...tls }) : connectPlain({ host, port }));
  const ask = async (step: string, command: string | null, wanted: number): Promise<SmtpReply> => {
    const reply = await line.exchange(step, command);
    if (Math.floor(reply.code / 100) !== wanted) throw new SmtpError(step, reply.code);
    return reply;
  };
  try {
    await ask('greeting', null, 2);
    const hello = `EHLO ${hostname()}`;
    let offers = await ask('EHLO', hello, 2);
    if (!options.secure && /^STARTTLS\b/im.test(offers.text)) {
      await ask('STARTTLS', 'STARTTLS', 2);
      line = talk(connectTls({ socket: line.release(), ...tls }));
      offers = await ask('EHLO', hello, 2);
    } else if (!options.secure && options.requireTls) throw new SmtpError('STARTTLS', 502);
    if (options.user !== undefined) {
      const secret = Buffer.from(`\0${options.user}\0${options.password ?? ''}`).toString('base64');
      await ask('AUTH', `AUTH PLAIN ${secret}`, 2);
    }
  } catch (error) {
    line.close();
    throw error;
  }
  let clean = true;
  return {
    send: async ({ from, to, data }) => {
      if (!clean) await ask('RSET', 'RSET', 2);
      clean = false;
      await ask('MAIL', `MAIL FROM:<${from}>`, 2);
      await ask('RCPT', `RCPT TO:<${to}>`, 2);
      await ask('DATA', 'DATA', 3);
      // A line that begins with a dot gets another one, so that none ends the message early.
      await ask('message', `${data.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..')}\r\n.`, 2);
      clean = true;
    },
    close: () => {
      line.close();
    },
  };
}

/** Commands and replies over one socket, one at a time. */
function talk(socket: Socket) {
  let buffer = '';
  let waiting: ((reply: SmtpReply | null) => void) | undefined;
  let ended = false;
  const settle = (reply: SmtpReply | null): void => {
    const take = waiting;
    waiting = undefined;
    take?.(reply);
  };
  const end = (): void => {
    ended = true;
    settle(null);
  };
  const onData = (chunk: Buffer): void => {
    buffer += chunk.toString('latin1');
    if (buffer.length > LONGEST_REPLY) socket.destroy();
    // The last line of a reply has a space behind its code, the others a hyphen.
    const whole = /^(?:\d{3}-.*\r?\n)*(\d{3})(?: .*)?\r?\n/.exec(buffer);
    if (whole === null || waiting === undefined) return;
    buffer = buffer.slice(whole[0].length);
    settle({ code: Number(whole[1]), text: whole[0].replace(/^\d{3}[- ]/gm, '') });
  };
  socket.on('data', onData).on('error', end).on('close', end);
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  return {
    exchange: async (step: string, command: string | null): Promise<SmtpReply> => {
      if (ended) throw new SmtpError(step, 0);
      const reply = await new Promise<SmtpReply | null>((resolve) => {
        waiting = resolve;
        if (command !== null) socket.write(`${command}\r\n`);
        onData(Buffer.alloc(0));
      });
      if (reply === null) throw new SmtpError(step, 0);
      return reply;
    },
    /** The bare socket, for TLS on top of it. */
    release: (): Socket => {
      socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('timeout');
      socket.setTimeout(0);
      return socket;
    },
    close: (): void => {
      if (!ended) socket.end('QUIT\r\n');
    },
  };
}
