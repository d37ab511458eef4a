import { createTransport } from 'nodemailer';
import type { Transporter } from 'nodemailer';
import { inLanes, messageKey } from './channel';
import type { Delivery, SurveyChannel, SurveyMessage } from './channel';

/** Where mail goes out, from `smtp[s]://user:password@host:port`. */
export interface MailOptions {
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
  /** Address that the mail comes from. */
  readonly from: string;
}

/** Sessions with the mail server at once. */
const SESSIONS = 4;
/** Silence after which a session is given up, and a shorter one before it has begun, ms. */
const TIMEOUT_MS = 20_000;
const CONNECT_MS = 10_000;
/** Addresses of another form cannot be written into a command or a header. */
const ADDRESS = /^[^\s<>"(),:;@[\\\]]+@[^\s<>"(),:;@[\\\]]+$/;
/** Enhanced codes (RFC 3463) of a recipient that is none. Others of 5.1 are about the sender (5.1.7, 5.1.8) or about either. */
const NO_RECIPIENT = new Set(['5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10']);
/** Replies that mean "no such mailbox" where the server gives no enhanced code. */
const NO_MAILBOX = new Set(['550', '551', '553']);
/** Servers without enhanced codes say under the same numbers that they do not know us. */
const OF_US = /relay|rcpthost|sender|authenti|authori|spam|block|blacklist|policy/i;

/** `smtp://` or `smtps://`, with user and password where the server wants them; `?tls=required` for smtp. */
export function mailOptions(url: string, from: string, ca?: string): MailOptions {
  const { protocol, hostname, port, username, password, searchParams } = new URL(url);
  const secure = protocol === 'smtps:';
  return {
    from,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTls: searchParams.get('tls') === 'required',
    ...(username === '' ? {} : { user: decodeURIComponent(username), password: decodeURIComponent(password) }),
    ...(ca === undefined ? {} : { ca }),
  };
}

/**
 * E-mail by SMTP. Every attempt at one message carries one Message-ID, by which mailboxes tell a repeat. Only a reply to
 * the recipient that says there is none gives the address up: every other refusal (relay denied, sender not allowed, spam,
 * too big) would come for everybody's address, so it waits until somebody has mended the settings.
 */
export function createSmtpChannel(options: MailOptions): SurveyChannel {
  return {
    send: async (messages) => {
      const transport = openTransport(options);
      try {
        return await inLanes(messages, SESSIONS, (message) => sendOne(transport, message, options.from));
      } finally {
        transport.close();
      }
    },
  };
}

function openTransport({ host, port, secure, requireTls, user, password, ca }: MailOptions): Transporter {
  return createTransport({
    pool: true,
    maxConnections: SESSIONS,
    host,
    port,
    secure,
    requireTLS: requireTls,
    dnsTimeout: CONNECT_MS,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: TIMEOUT_MS,
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    tls: { servername: host, ...(ca === undefined ? {} : { ca }) },
  });
}

async function sendOne(transport: Transporter, message: SurveyMessage, from: string): Promise<Delivery> {
  if (!ADDRESS.test(message.address)) return 'refused';
  try {
    await transport.sendMail({
      from,
      to: message.address,
      subject: message.subject,
      text: message.text,
      textEncoding: 'base64',
      messageId: `<${messageKey(message)}@${from.split('@')[1]}>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
    return 'sent';
  } catch (error) {
    // The library's message may quote the address: only the step and the code are told.
    const { command = 'CONN', responseCode = 0, response = '' } = error as MailError;
    if (command === 'RCPT TO' && saysNoRecipient(response)) return 'refused';
    return { later: `mail: ${command}: ${responseCode === 0 ? 'failed' : `reply ${responseCode}`}` };
  }
}

interface MailError {
  readonly command?: string;
  readonly responseCode?: number;
  /** The server's reply as it came. */
  readonly response?: string;
}

function saysNoRecipient(reply: string): boolean {
  const [, code = '', enhanced] = /^(5\d\d)(?:[ -](\d\.\d{1,3}\.\d{1,3})(?!\S))?/.exec(reply) ?? [];
  return enhanced === undefined ? NO_MAILBOX.has(code) && !OF_US.test(reply) : NO_RECIPIENT.has(enhanced);
}
