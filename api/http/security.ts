import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { Config } from '../../config';

/** Headers for every answer: a CSP without inline scripts or styles, no framing, no sniffing, nothing cached. */
export function securityHeaders(config: Config): RequestHandler[] {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        ...(config.COOKIE_SECURE ? { upgradeInsecureRequests: [] } : {}),
      },
    },
    strictTransportSecurity: config.COOKIE_SECURE,
    referrerPolicy: { policy: 'no-referrer' },
  });
  const noStore: RequestHandler = (_req, res, next) => {
    res.setHeader('Cache-Control', 'no-store');
    res.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
    next();
  };
  return [headers, noStore];
}
