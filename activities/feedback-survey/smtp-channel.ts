import { messageKey } from './channel';
import type { Delivery, SurveyChannel, SurveyMessage } from './channel';
import { openSmtp, SmtpError } from './smtp-client';
import type { SmtpOptions, SmtpSession } from './smtp-client';

export interface MailOptions extends SmtpOptions {
  /** Address that the mail comes from. */
  readonly from: string;
}

/** Sessions with the mail server at once. */
const SESSIONS = 4;
/** Addresses of another form cannot be written into a command or a header. */
const ADDRESS = /^[^\s<>"(),:;@[\\\]]+@[^\s<>"(),:;@[\\\]]+$/;

/** `smtp://` or `smtps://`, with user and password where the server wants them; `?tls=required` for smtp. */
export function smtpOptions(url: string, ca?: string): SmtpOptions {
  const { protocol, hostname, port, username, password, searchParams } = new URL(url);
  const secure = protocol === 'smtps:';
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTls: searchParams.get('tls') === 'required',
    ...(username === '' ? {} : { user: decodeURIComponent(username), password: decodeURIComponent(password) }),
    ...(ca === undefined ? {} : { ca }),
  };
}

/**
 * E-mail by SMTP. Every attempt at one message carries one Message-ID, by which mailboxes tell a repeat. A 5xx reply to the
 * recipient or the message means that this address is none; all else is tried again.
 */
export function createSmtpChannel(options: MailOptions): SurveyChannel {
  return {
    send: async (messages) => {
      const outcomes = Array.from<Delivery>({ length: messages.length });
      let next = 0;
      const lane = async (): Promise<void> => {
        let session: SmtpSession | undefined;
        while (next < messages.length) {
          const at = next++;
          try {
            session ??= await openSmtp(options);
            outcomes[at] = await sendOne(session, messages[at]!, options.from);
          } catch (error) {
            session?.close();
            session = undefined;
            outcomes[at] = { later: `mail: ${error instanceof SmtpError ? error.message : 'unknown'}` };
          }
        }
        session?.close();
      };
      await Promise.all(Array.from({ length: Math.min(SESSIONS, messages.length) }, lane));
      return outcomes;
    },
  };
}

async function sendOne(session: SmtpSession, message: SurveyMessage, from: string): Promise<Delivery> {
  if (!ADDRESS.test(message.address)) return 'refused';
  try {
    await session.send({ from, to: message.address, data: mailText(message, from) });
    return 'sent';
  } catch (error) {
    if (!(error instanceof SmtpError) || error.code === 0) throw error;
    const ofTheAddress = error.step === 'RCPT' || error.step === 'message';
    return ofTheAddress && error.code >= 500 ? 'refused' : { later: `mail: ${error.message}` };
  }
}

/** The mail as it goes over the wire: UTF-8 in base64, headers as encoded words (RFC 2045, 2047). */
function mailText(message: SurveyMessage, from: string): string {
  const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  return [
    `From: <${from}>`,
    `To: <${message.address}>`,
    `Subject: =?UTF-8?B?${base64(message.subject)}?=`,
    `Message-ID: <${messageKey(message)}@${from.split('@')[1]}>`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    ...(base64(message.text).match(/.{1,76}/g) ?? []),
  ].join('\r\n');
}
