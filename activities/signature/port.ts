/** Signs documents. Three adapters stand behind this port: CMS with RSA (own key), ГОСТ through openssl, an external provider. */
export interface DocumentSigner {
  readonly name: 'cms-rsa' | 'cms-gost' | 'external';
  /** @returns a detached CMS SignedData (RFC 5652) in DER over the exact bytes. */
  sign(document: Uint8Array): Promise<Uint8Array>;
}

export interface SignatureCheck {
  readonly valid: boolean;
  /** Common name on the signer's certificate. */
  readonly signer: string | null;
}
