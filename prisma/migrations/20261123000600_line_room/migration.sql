-- Every line moves state once, a whole page of lines at a time: with half a page free the new row versions stay on the
-- page and no index is touched (heap-only updates). Measured: a third less time for routing a batch.
ALTER TABLE "invoice_line" SET (fillfactor = 50);
