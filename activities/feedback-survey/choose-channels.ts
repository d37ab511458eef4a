import { readFileSync } from 'node:fs';
import { createFileOutbox, routeByChannel } from './channel';
import type { SurveyChannel } from './channel';
import { createHttpGateway } from './http-gateway';
import { createSmtpChannel, mailOptions } from './smtp-channel';

/** Providers of messages as configured; what is left out goes to the file outbox. */
export interface ChannelConfig {
  readonly SURVEY_SMTP_URL?: string | undefined;
  readonly SURVEY_SMTP_CA?: string | undefined;
  readonly SURVEY_MAIL_FROM?: string | undefined;
  readonly SURVEY_SMS_URL?: string | undefined;
  readonly SURVEY_SMS_TOKEN?: string | undefined;
  readonly SURVEY_PUSH_URL?: string | undefined;
  readonly SURVEY_PUSH_TOKEN?: string | undefined;
}

export function chooseChannels(config: ChannelConfig, outboxFolder: string): SurveyChannel {
  const outbox = createFileOutbox(outboxFolder);
  const gateway = (url: string | undefined, token: string | undefined): SurveyChannel =>
    url === undefined ? outbox : createHttpGateway({ url, ...(token === undefined ? {} : { token }) });
  const ca = config.SURVEY_SMTP_CA === undefined ? undefined : readFileSync(config.SURVEY_SMTP_CA, 'utf8');
  const email =
    config.SURVEY_SMTP_URL === undefined || config.SURVEY_MAIL_FROM === undefined
      ? outbox
      : createSmtpChannel(mailOptions(config.SURVEY_SMTP_URL, config.SURVEY_MAIL_FROM, ca));
  return routeByChannel({
    email,
    sms: gateway(config.SURVEY_SMS_URL, config.SURVEY_SMS_TOKEN),
    push: gateway(config.SURVEY_PUSH_URL, config.SURVEY_PUSH_TOKEN),
  });
}
