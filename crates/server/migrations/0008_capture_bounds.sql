-- What bounds single captures is kept beside a packet's findings: packets of which something of the sort was found are to be looked at again.
UPDATE packet SET judged = 0
  WHERE judged = 1 AND (instr(findings, '"capture-bounded"') > 0 OR instr(findings, '"challenge-matches"') > 0);
