WITH
cells AS (
  SELECT
    `model` AS `cell:model`,
    `imei` AS `cell:imei`,
    `imei2` AS `cell:imei2`,
    `imei_status` AS `cell:imei_status`,
    `register_asked_at` AS `cell:register_asked_at`,
    `purchased_on` AS `cell:purchased_on`,
    `at` AS `cell:at`,
    `exchange_open` AS `cell:exchange_open`,
    `device_exchanged` AS `cell:device_exchanged`,
    `target` AS `cell:target`,
    `lock` AS `cell:lock`,
    `power` AS `cell:power`,
    `works` AS `cell:works`,
    `screen` AS `cell:screen`,
    `body` AS `cell:body`,
    `order` AS `keep:order`
  FROM `devices`
),
-- IMEIs: a text of fifteen digits, as nearly all are, needs no parsing.
plain AS (
  SELECT *,
    COALESCE(LENGTH(`cell:imei`) = 15 AND TRY_CAST(`cell:imei` AS BIGINT) >= 100000000000000, FALSE) AS `plain:imei`,
    COALESCE(LENGTH(`cell:imei2`) = 15 AND TRY_CAST(`cell:imei2` AS BIGINT) >= 100000000000000, FALSE) AS `plain:imei2`
  FROM cells
),
-- Others without white space around them.
stripped AS (
  SELECT *,
    CASE WHEN `plain:imei` THEN `cell:imei` ELSE TRIM('\t\n\013\014\r\034\035\036\037                  　' FROM `cell:imei`) END AS `stripped:imei`,
    CASE WHEN `plain:imei2` THEN `cell:imei2` ELSE TRIM('\t\n\013\014\r\034\035\036\037                  　' FROM `cell:imei2`) END AS `stripped:imei2`
  FROM plain
),
-- And without separators.
digits AS (
  SELECT *,
    CASE WHEN `plain:imei` THEN `cell:imei` ELSE REPLACE(REPLACE(`stripped:imei`, ' ', ''), '-', '') END AS `digits:imei`,
    CASE WHEN `plain:imei2` THEN `cell:imei2` ELSE REPLACE(REPLACE(`stripped:imei2`, ' ', ''), '-', '') END AS `digits:imei2`
  FROM stripped
),
-- Cells become numbers: codes of texts, instants, days, the digits of IMEIs and their Luhn sum.
read_1 AS (
  SELECT *,
    CASE
      WHEN `cell:imei_status` = 'clear' THEN 0
      WHEN `cell:imei_status` = 'blocked' THEN 1
      WHEN `cell:imei_status` = 'tracked' THEN 2
      WHEN `cell:imei_status` = 'duplicate' THEN 3
      WHEN `cell:imei_status` = 'unverified' THEN 4
      WHEN `cell:imei_status` IS NULL THEN 4
      WHEN NOT IS_VALID_UTF8(`cell:imei_status`) THEN 5
      ELSE 5
    END AS `status`,
    CASE WHEN `cell:target` IS NULL THEN 0 WHEN NOT IS_VALID_UTF8(`cell:target`) THEN 1 ELSE 0 END AS `target`,
    -- the instant of the valuation, in microseconds since 1970
    CASE
      WHEN `cell:at` >= CAST('1900-01-01 00:00:00+00:00' AS TIMESTAMP)
      AND `cell:at` < CAST('9901-01-01 00:00:00+00:00' AS TIMESTAMP) THEN UNIX_MICROS(`cell:at`)
      ELSE 0
    END AS `instant`,
    -- when the register was asked, likewise
    CASE
      WHEN `cell:register_asked_at` >= CAST('1900-01-01 00:00:00+00:00' AS TIMESTAMP)
      AND `cell:register_asked_at` < CAST('9901-01-01 00:00:00+00:00' AS TIMESTAMP) THEN UNIX_MICROS(`cell:register_asked_at`)
      ELSE -4611686018427387904
    END AS `evidence`,
    NOT `cell:imei` IS NULL AS `imei: given`,
    CASE
      WHEN `plain:imei` OR `cell:imei` IS NULL THEN 0
      WHEN NOT IS_VALID_UTF8(`cell:imei`) THEN 1
      WHEN `stripped:imei` = '' THEN 2
      WHEN SUBSTRING(`stripped:imei`, 1, 1) IN ('+', '-', '−') THEN 4
      WHEN NOT `digits:imei` RLIKE '^[0-9]+$' OR RIGHT(`stripped:imei`, 1) = '-' THEN 8
      WHEN LENGTH(`digits:imei`) = 14 THEN 16
      WHEN LENGTH(`digits:imei`) = 16 THEN 32
      WHEN LENGTH(`digits:imei`) <> 15 THEN 64
      ELSE 0
    END AS `read 1`,
    NOT `cell:imei2` IS NULL AS `imei2: given`,
    CASE
      WHEN `plain:imei2` OR `cell:imei2` IS NULL THEN 0
      WHEN NOT IS_VALID_UTF8(`cell:imei2`) THEN 1
      WHEN `stripped:imei2` = '' THEN 2
      WHEN SUBSTRING(`stripped:imei2`, 1, 1) IN ('+', '-', '−') THEN 4
      WHEN NOT `digits:imei2` RLIKE '^[0-9]+$' OR RIGHT(`stripped:imei2`, 1) = '-' THEN 8
      WHEN LENGTH(`digits:imei2`) = 14 THEN 16
      WHEN LENGTH(`digits:imei2`) = 16 THEN 32
      WHEN LENGTH(`digits:imei2`) <> 15 THEN 64
      ELSE 0
    END AS `read 2`,
    -- Is the device free of an account lock (iCloud, Google) and of a passcode? (findings: bits 0 to 6)
    CASE
      WHEN `cell:lock` = 'free' THEN 0
      WHEN `cell:lock` = 'locked' THEN 16
      WHEN `cell:lock` IS NULL THEN 1
      WHEN NOT IS_VALID_UTF8(`cell:lock`) THEN 64
      ELSE 2
    END AS `answer:lock`,
    -- Does it switch on and stay on? (findings: bits 0 to 6)
    CASE
      WHEN `cell:power` = 'on' THEN 0
      WHEN `cell:power` = 'off' THEN 16
      WHEN `cell:power` IS NULL THEN 1
      WHEN NOT IS_VALID_UTF8(`cell:power`) THEN 64
      ELSE 2
    END AS `answer:power`,
    -- Does everything else work: touch, cameras, sound, buttons, charging? (findings: bits 0 to 6; share: bits 7 to 18)
    CASE
      WHEN `cell:works` = 'all' THEN 0
      WHEN `cell:works` = 'fault' THEN 320000
      WHEN `cell:works` IS NULL THEN 1
      WHEN NOT IS_VALID_UTF8(`cell:works`) THEN 64
      ELSE 2
    END AS `answer:works`,
    -- How is the screen? (findings: bits 0 to 6; share: bits 7 to 18)
    CASE
      WHEN `cell:screen` = 'clean' THEN 0
      WHEN `cell:screen` = 'scratched' THEN 102400
      WHEN `cell:screen` = 'cracked' THEN 448000
      WHEN `cell:screen` IS NULL THEN 1
      WHEN NOT IS_VALID_UTF8(`cell:screen`) THEN 64
      ELSE 2
    END AS `answer:screen`,
    -- How are the back and the frame? (findings: bits 0 to 6; grade: bits 7 to 8)
    CASE
      WHEN `cell:body` = 'excellent' THEN 0
      WHEN `cell:body` = 'good' THEN 128
      WHEN `cell:body` = 'worn' THEN 256
      WHEN `cell:body` IS NULL THEN 1
      WHEN NOT IS_VALID_UTF8(`cell:body`) THEN 64
      ELSE 2
    END AS `answer:body`
  FROM digits
),
read_2 AS (
  SELECT *,
    -- what the cells alone say against the device
    CASE WHEN COALESCE(`cell:exchange_open`, FALSE) THEN 134217728 ELSE 0 END | CASE WHEN COALESCE(`cell:device_exchanged`, FALSE) THEN 268435456 ELSE 0 END | CASE
      WHEN `status` = 5
      OR `target` = 1
      OR (
        NOT `cell:at` IS NULL
        AND NOT (
          `cell:at` >= CAST('1900-01-01 00:00:00+00:00' AS TIMESTAMP)
          AND `cell:at` < CAST('9901-01-01 00:00:00+00:00' AS TIMESTAMP)
        )
      )
      OR `cell:at` IS NULL
      OR (
        NOT `cell:register_asked_at` IS NULL
        AND NOT (
          `cell:register_asked_at` >= CAST('1900-01-01 00:00:00+00:00' AS TIMESTAMP)
          AND `cell:register_asked_at` < CAST('9901-01-01 00:00:00+00:00' AS TIMESTAMP)
        )
      )
      OR (
        NOT `cell:purchased_on` IS NULL
        AND NOT (
          `cell:purchased_on` BETWEEN CAST('0001-01-01' AS DATE) AND CAST('9999-12-31' AS DATE)
        )
      ) THEN 36028797018963968
      ELSE 0
    END AS `facts`,
    `imei: given` AND `read 1` = 0 AND `imei: given` AND `read 1` = 0 AND LUHN_CHECK(`digits:imei`) AS `imei: is_known`,
    CASE WHEN `imei: given` AND `read 1` = 0 THEN CAST(`digits:imei` AS BIGINT) ELSE 0 END AS `imei: digits`,
    `imei2: given` AND `read 2` = 0 AND `imei2: given` AND `read 2` = 0 AND LUHN_CHECK(`digits:imei2`) AS `imei2: is_known`,
    CASE WHEN `imei2: given` AND `read 2` = 0 THEN CAST(`digits:imei2` AS BIGINT) ELSE 0 END AS `imei2: digits`
  FROM read_1
),
read_3 AS (
  SELECT *,
    -- 3GPP TS 23.003 annex B: what a text is that is no IMEI
    CASE
      WHEN `imei: given` AND `read 1` = 0 THEN CASE
        WHEN `imei: given` AND `read 1` = 0 AND LUHN_CHECK(`digits:imei`) THEN 0
        WHEN (
          `imei: digits` % 10
        ) = 0 THEN 128
        ELSE 256
      END
      ELSE `read 1`
    END AS `imei: found`,
    `imei: digits` DIV 10000000 AS `imei: tac`,
    -- 3GPP TS 23.003 annex B: what a text is that is no IMEI
    CASE
      WHEN `imei2: given` AND `read 2` = 0 THEN CASE
        WHEN `imei2: given` AND `read 2` = 0 AND LUHN_CHECK(`digits:imei2`) THEN 0
        WHEN (
          `imei2: digits` % 10
        ) = 0 THEN 128
        ELSE 256
      END
      ELSE `read 2`
    END AS `imei2: found`,
    `imei2: digits` DIV 10000000 AS `imei2: tac`
  FROM read_2
),
-- Models by name, and TACs.
named AS (
  SELECT s.*,
    CASE WHEN s.`cell:model` IS NULL OR (n.`key` IS NULL AND NOT IS_VALID_UTF8(s.`cell:model`)) THEN 9 ELSE COALESCE(n.`key`, 7) END AS `key`,
    CASE WHEN s.`cell:model` IS NULL OR (n.`key` IS NULL AND NOT IS_VALID_UTF8(s.`cell:model`)) THEN 5 ELSE COALESCE(n.`family`, 5) END AS `family`,
    COALESCE(tac_0.`tac_group`, -1) AS `imei: tac_group`,
    COALESCE(tac_0.`said`, -1) AS `imei: said`,
    COALESCE(tac_0.`suspect`, -1) AS `imei: suspect`,
    COALESCE(tac_1.`tac_group`, -1) AS `imei2: tac_group`,
    COALESCE(tac_1.`said`, -1) AS `imei2: said`,
    COALESCE(tac_1.`suspect`, -1) AS `imei2: suspect`
  FROM read_3 AS s
  LEFT JOIN `trade_in_names` AS n ON s.`cell:model` = n.`name`
  LEFT JOIN `trade_in_tacs` AS tac_0 ON s.`imei: tac` = tac_0.`tac`
  LEFT JOIN `trade_in_tacs` AS tac_1 ON s.`imei2: tac` = tac_1.`tac`
),
-- The period of model and instant, and the reporting body of an IMEI whose TAC is not listed.
found_1 AS (
  SELECT *,
    -- what holds for the model at the instant
    `key` * 7 + CASE
      WHEN `instant` >= 1746054000000000 THEN CASE
        WHEN `instant` >= 1749078000000001 THEN 6
        WHEN `instant` >= 1746486000000001 THEN 5
        ELSE 4
      END
      WHEN `instant` >= 1743462000000000 THEN CASE WHEN `instant` >= 1743811200000001 THEN 3 ELSE 2 END
      WHEN `instant` >= 1740787200000000 THEN 1
      ELSE 0
    END AS `period`,
    `imei: digits` DIV 10000000000000 AS `found 1`,
    CASE WHEN `imei: tac_group` >= 0 THEN `imei: suspect` ELSE 0 END = 1 AS `imei: is suspect`,
    `imei2: digits` DIV 10000000000000 AS `found 3`,
    CASE WHEN `imei2: tac_group` >= 0 THEN `imei2: suspect` ELSE 0 END = 1 AS `imei2: is suspect`
  FROM named
),
found_2 AS (
  SELECT *,
    CASE
      WHEN `found 1` >= 36 THEN CASE
        WHEN `found 1` >= 86 THEN CASE
          WHEN `found 1` >= 92 THEN CASE WHEN `found 1` >= 98 THEN 0 ELSE 2 END
          WHEN `found 1` >= 91 THEN 0
          WHEN `found 1` >= 87 THEN 2
          ELSE 0
        END
        WHEN `found 1` >= 49 THEN CASE WHEN `found 1` >= 55 THEN 2 ELSE 0 END
        WHEN `found 1` >= 46 THEN 2
        WHEN `found 1` >= 44 THEN 0
        ELSE 2
      END
      WHEN `found 1` >= 30 THEN CASE
        WHEN `found 1` >= 34 THEN CASE WHEN `found 1` >= 35 THEN 0 ELSE 2 END
        WHEN `found 1` >= 33 THEN 0
        WHEN `found 1` >= 31 THEN 2
        ELSE 0
      END
      WHEN `found 1` >= 10 THEN CASE WHEN `found 1` >= 11 THEN 2 ELSE 0 END
      WHEN `found 1` >= 2 THEN 1
      WHEN `found 1` >= 1 THEN 0
      ELSE 1
    END AS `found 2`,
    CASE
      WHEN `found 3` >= 36 THEN CASE
        WHEN `found 3` >= 86 THEN CASE
          WHEN `found 3` >= 92 THEN CASE WHEN `found 3` >= 98 THEN 0 ELSE 2 END
          WHEN `found 3` >= 91 THEN 0
          WHEN `found 3` >= 87 THEN 2
          ELSE 0
        END
        WHEN `found 3` >= 49 THEN CASE WHEN `found 3` >= 55 THEN 2 ELSE 0 END
        WHEN `found 3` >= 46 THEN 2
        WHEN `found 3` >= 44 THEN 0
        ELSE 2
      END
      WHEN `found 3` >= 30 THEN CASE
        WHEN `found 3` >= 34 THEN CASE WHEN `found 3` >= 35 THEN 0 ELSE 2 END
        WHEN `found 3` >= 33 THEN 0
        WHEN `found 3` >= 31 THEN 2
        ELSE 0
      END
      WHEN `found 3` >= 10 THEN CASE WHEN `found 3` >= 11 THEN 2 ELSE 0 END
      WHEN `found 3` >= 2 THEN 1
      WHEN `found 3` >= 1 THEN 0
      ELSE 1
    END AS `found 4`
  FROM found_1
),
found_3 AS (
  SELECT *,
    -- what the TAC and the model say of one another
    CASE WHEN `imei: tac_group` >= 0 THEN `imei: tac_group` ELSE `found 2` END * 6 + `family` AS `imei: pair`,
    CASE
      WHEN `imei: tac_group` >= 0 THEN `imei: said`
      ELSE CASE `found 2` WHEN 1 THEN 1052672 WHEN 2 THEN 1056768 ELSE 1048576 END
    END AS `imei: said of most`,
    -- what the TAC and the model say of one another
    CASE WHEN `imei2: tac_group` >= 0 THEN `imei2: tac_group` ELSE `found 4` END * 6 + `family` AS `imei2: pair`,
    CASE
      WHEN `imei2: tac_group` >= 0 THEN `imei2: said`
      ELSE CASE `found 4` WHEN 1 THEN 1052672 WHEN 2 THEN 1056768 ELSE 1048576 END
    END AS `imei2: said of most`
  FROM found_2
),
-- What holds in that period, and what the TAC says of the model.
placed AS (
  SELECT s.*,
    p.`against`,
    p.`asked`,
    p.`offer`,
    p.`price`,
    p.`priced_from`,
    COALESCE(fits_0.`fit`, s.`imei: said of most`) AS `imei: fit`,
    COALESCE(fits_1.`fit`, s.`imei2: said of most`) AS `imei2: fit`
  FROM found_3 AS s
  JOIN `trade_in_periods` AS p ON s.`period` = p.`period`
  LEFT JOIN `trade_in_fits` AS fits_0 ON s.`imei: pair` = fits_0.`pair`
  LEFT JOIN `trade_in_fits` AS fits_1 ON s.`imei2: pair` = fits_1.`pair`
),
-- The rules: deductions, decisions, lines and values.
step_1 AS (
  SELECT *,
    `imei: digits` DIV 10 AS `step 1`,
    `imei2: digits` DIV 10 AS `step 2`,
    (
      `answer:lock` | `answer:power` | `answer:works` | `answer:screen` | `answer:body`
    ) & 127 & CASE WHEN `asked` > 0 THEN 127 ELSE 64 END AS `step 4`,
    -- the value after grade: what the grade keeps
    (
      `price` * CASE (
          SHIFTRIGHT(`answer:body`, 7)
        ) & 3
        WHEN 1 THEN 9300
        WHEN 2 THEN 8500
        ELSE 10000
      END + 5000
    ) DIV 10000 AS `after grade`,
    (`price` * ((SHIFTRIGHT(`answer:works`, 7)) & 4095) + 5000) DIV 10000 AS `step 9`,
    (`price` * ((SHIFTRIGHT(`answer:screen`, 7)) & 4095) + 5000) DIV 10000 AS `step 10`
  FROM placed
),
step_2 AS (
  SELECT *,
    `imei: found` | CASE
      WHEN `imei: is_known` THEN `imei: fit` ^ CASE
        WHEN `imei: is suspect`
        AND CASE `step 1`
          WHEN 0 THEN 1
          WHEN 1123456 THEN 1
          WHEN 106800000000 THEN 1
          WHEN 440015202000 THEN 1
          WHEN 499901064000 THEN 1
          WHEN 1234567890123 THEN 1
          WHEN 1234567891234 THEN 1
          WHEN 1237900077288 THEN 1
          WHEN 11111111111111 THEN 1
          WHEN 11345679894545 THEN 1
          WHEN 12345678901234 THEN 1
          WHEN 13579024681122 THEN 1
          WHEN 34563000000011 THEN 1
          WHEN 35030526000000 THEN 1
          WHEN 35160200052582 THEN 1
          WHEN 35175104406739 THEN 1
          WHEN 35175104542118 THEN 1
          WHEN 35200504824725 THEN 1
          WHEN 35519500000001 THEN 1
          WHEN 35569254769308 THEN 1
          WHEN 35629904658776 THEN 1
          WHEN 35653104459053 THEN 1
          WHEN 35659100000022 THEN 1
          WHEN 35693803564380 THEN 1
          WHEN 35724204183452 THEN 1
          WHEN 35724204280404 THEN 1
          WHEN 35800004365413 THEN 1
          WHEN 35824005111111 THEN 1
          WHEN 35853704004054 THEN 1
          WHEN 35867301379589 THEN 1
          WHEN 35870104290975 THEN 1
          WHEN 35969880159399 THEN 1
          WHEN 49015420323751 THEN 1
          WHEN 52443443484950 THEN 1
          WHEN 85525027175943 THEN 1
          WHEN 86228001059952 THEN 1
          WHEN 88508850885050 THEN 1
          ELSE 0
        END = 1 THEN (
          `imei: fit` & 12288
        ) ^ 2048
        ELSE 0
      END
      ELSE 0
    END | `imei2: found` | CASE
      WHEN `imei2: is_known` THEN `imei2: fit` ^ CASE
        WHEN `imei2: is suspect`
        AND CASE `step 2`
          WHEN 0 THEN 1
          WHEN 1123456 THEN 1
          WHEN 106800000000 THEN 1
          WHEN 440015202000 THEN 1
          WHEN 499901064000 THEN 1
          WHEN 1234567890123 THEN 1
          WHEN 1234567891234 THEN 1
          WHEN 1237900077288 THEN 1
          WHEN 11111111111111 THEN 1
          WHEN 11345679894545 THEN 1
          WHEN 12345678901234 THEN 1
          WHEN 13579024681122 THEN 1
          WHEN 34563000000011 THEN 1
          WHEN 35030526000000 THEN 1
          WHEN 35160200052582 THEN 1
          WHEN 35175104406739 THEN 1
          WHEN 35175104542118 THEN 1
          WHEN 35200504824725 THEN 1
          WHEN 35519500000001 THEN 1
          WHEN 35569254769308 THEN 1
          WHEN 35629904658776 THEN 1
          WHEN 35653104459053 THEN 1
          WHEN 35659100000022 THEN 1
          WHEN 35693803564380 THEN 1
          WHEN 35724204183452 THEN 1
          WHEN 35724204280404 THEN 1
          WHEN 35800004365413 THEN 1
          WHEN 35824005111111 THEN 1
          WHEN 35853704004054 THEN 1
          WHEN 35867301379589 THEN 1
          WHEN 35870104290975 THEN 1
          WHEN 35969880159399 THEN 1
          WHEN 49015420323751 THEN 1
          WHEN 52443443484950 THEN 1
          WHEN 85525027175943 THEN 1
          WHEN 86228001059952 THEN 1
          WHEN 88508850885050 THEN 1
          ELSE 0
        END = 1 THEN (
          `imei2: fit` & 12288
        ) ^ 2048
        ELSE 0
      END
      ELSE 0
    END | CASE
      WHEN `imei: is_known` OR `imei2: is_known` THEN CASE `status` WHEN 1 THEN 32768 WHEN 2 THEN 65536 WHEN 3 THEN 131072 ELSE 0 END + CASE WHEN `status` > 3 THEN 262144 ELSE 0 END + CASE
        WHEN CASE WHEN `imei: given` THEN 1 ELSE 0 END + CASE WHEN `imei2: given` THEN 1 ELSE 0 END = 1 THEN 1024
        ELSE 0
      END + CASE
        WHEN `imei: is_known` AND `imei2: is_known` AND `step 1` = `step 2` THEN 16384
        ELSE 0
      END
      ELSE 0
    END AS `step 3`,
    -- the value after factor: the operator's share
    (((`after grade` - `step 9` - `step 10`) * 10000 + 5000 + 303310000) DIV 10000) - 30331 AS `after factor`
  FROM step_1
),
step_3 AS (
  SELECT *,
    -- all that is found against the device, a bit for each reason
    `facts` | `against` | (
      `step 3` ^ (
        `step 3` & 1311744
      )
    ) | CASE WHEN (
      `step 4` & 1
    ) > 0 THEN 536870912 ELSE 0 END | CASE WHEN (
      `step 4` & 2
    ) > 0 THEN 1073741824 ELSE 0 END | CASE WHEN (
      `step 4` & 16
    ) > 0 THEN 8589934592 ELSE 0 END | CASE WHEN (
      `step 4` & 64
    ) > 0 THEN 36028797018963968 ELSE 0 END AS `reasons found`,
    -- the exchange value
    (LEAST(GREATEST(`after factor`, 500), `price`) DIV 50) * 50 AS `value`
  FROM step_2
),
step_4 AS (
  SELECT *,
    CASE
      WHEN (
        `reasons found` & 36028797018963968
      ) > 0 THEN 36028797018963968
      ELSE 0
    END + CASE
      WHEN CASE WHEN (
        `reasons found` & 17179869184
      ) > 0 THEN 1 ELSE 0 END > CASE WHEN (
        `reasons found` & 36028797018963968
      ) > 0 THEN 1 ELSE 0 END THEN 17179869184
      ELSE 0
    END AS `step 6`
  FROM step_3
),
step_5 AS (
  SELECT *,
    -- of that, what hides the rest
    `step 6` + CASE WHEN `step 6` = 0 THEN `reasons found` ELSE 0 END AS `reasons shown`
  FROM step_4
),
step_6 AS (
  SELECT *,
    CASE
      WHEN `reasons shown` > 0 THEN 'refused'
      WHEN `imei: is_known` OR `imei2: is_known` THEN 'quote'
      ELSE 'indicative'
    END AS `outcome`,
    CASE
      WHEN `reasons shown` = 0 THEN ''
      ELSE CONCAT_WS(
        '|',
        CASE WHEN (
          `reasons shown` & 1
        ) > 0 THEN 'imei_not_text' END,
        CASE WHEN (
          `reasons shown` & 2
        ) > 0 THEN 'imei_empty' END,
        CASE WHEN (
          `reasons shown` & 4
        ) > 0 THEN 'imei_sign' END,
        CASE WHEN (
          `reasons shown` & 8
        ) > 0 THEN 'imei_characters' END,
        CASE WHEN (
          `reasons shown` & 16
        ) > 0 THEN 'imei_14_digits' END,
        CASE WHEN (
          `reasons shown` & 32
        ) > 0 THEN 'imei_16_digits' END,
        CASE WHEN (
          `reasons shown` & 64
        ) > 0 THEN 'imei_length' END,
        CASE WHEN (
          `reasons shown` & 128
        ) > 0 THEN 'imei_network_form' END,
        CASE WHEN (
          `reasons shown` & 256
        ) > 0 THEN 'imei_check_digit' END,
        CASE WHEN (
          `reasons shown` & 1024
        ) > 0 THEN 'imei2_missing' END,
        CASE WHEN (
          `reasons shown` & 2048
        ) > 0 THEN 'imei_placeholder' END,
        CASE WHEN (
          `reasons shown` & 4096
        ) > 0 THEN 'imei_test' END,
        CASE WHEN (
          `reasons shown` & 8192
        ) > 0 THEN 'imei_reporting_body' END,
        CASE WHEN (
          `reasons shown` & 16384
        ) > 0 THEN 'imei_repeated' END,
        CASE WHEN (
          `reasons shown` & 32768
        ) > 0 THEN 'imei_blocked' END,
        CASE WHEN (
          `reasons shown` & 65536
        ) > 0 THEN 'imei_tracked' END,
        CASE WHEN (
          `reasons shown` & 131072
        ) > 0 THEN 'imei_duplicate' END,
        CASE WHEN (
          `reasons shown` & 262144
        ) > 0 THEN 'imei_unverified' END,
        CASE WHEN (
          `reasons shown` & 1048576
        ) > 0 THEN 'tac_unknown' END,
        CASE WHEN (
          `reasons shown` & 2097152
        ) > 0 THEN 'tac_other_model' END,
        CASE WHEN (
          `reasons shown` & 4194304
        ) > 0 THEN 'model_unknown' END,
        CASE WHEN (
          `reasons shown` & 8388608
        ) > 0 THEN 'variant_missing' END,
        CASE WHEN (
          `reasons shown` & 134217728
        ) > 0 THEN 'exchange_open' END,
        CASE WHEN (
          `reasons shown` & 268435456
        ) > 0 THEN 'device_exchanged' END,
        CASE WHEN (
          `reasons shown` & 536870912
        ) > 0 THEN 'answer_missing' END,
        CASE WHEN (
          `reasons shown` & 1073741824
        ) > 0 THEN 'answer_unknown' END,
        CASE WHEN (
          `reasons shown` & 8589934592
        ) > 0 THEN 'condition_gate' END,
        CASE WHEN (
          `reasons shown` & 17179869184
        ) > 0 THEN 'programme_not_in_force' END,
        CASE WHEN (
          `reasons shown` & 68719476736
        ) > 0 THEN 'price_stale' END,
        CASE WHEN (
          `reasons shown` & 36028797018963968
        ) > 0 THEN 'invalid_value' END
      )
    END AS `reasons`,
    CASE
      WHEN `reasons shown` > 0 THEN ''
      WHEN (
        `step 3` & 1311744 & 1310720
      ) = 0 THEN ''
      WHEN (
        `step 3` & 1311744 & 1310720
      ) = 1048576 THEN 'tac_unknown'
      WHEN (
        `step 3` & 1311744 & 1310720
      ) = 262144 THEN 'imei_unverified'
      ELSE 'tac_unknown|imei_unverified'
    END AS `warnings`,
    CASE
      WHEN `reasons shown` > 0 THEN NULL
      ELSE CASE (
          SHIFTRIGHT(`answer:body`, 7)
        ) & 3
        WHEN 1 THEN 'Good'
        WHEN 2 THEN 'Worn'
        ELSE 'Excellent'
      END
    END AS `grade`,
    -- the price in force
    CASE WHEN `reasons shown` > 0 THEN NULL ELSE `price` END AS `market_minor`,
    -- what the grade keeps
    CASE WHEN `reasons shown` > 0 THEN NULL ELSE `after grade` - `price` END AS `grade_minor`,
    -- the worst finding of functions alone
    CASE WHEN `reasons shown` > 0 THEN NULL ELSE 0 - `step 9` END AS `deduction:functions_minor`,
    -- the worst finding of display alone
    CASE WHEN `reasons shown` > 0 THEN NULL ELSE 0 - `step 10` END AS `deduction:display_minor`,
    -- the operator's share
    CASE WHEN `reasons shown` > 0 THEN NULL ELSE `after factor` - (`after grade` - `step 9` - `step 10`) END AS `factor_minor`,
    -- not below scrap
    CASE WHEN `reasons shown` > 0 THEN NULL ELSE GREATEST(`after factor`, 500) - `after factor` END AS `floor_minor`,
    -- not above the price in force
    CASE
      WHEN `reasons shown` > 0 THEN NULL
      ELSE LEAST(GREATEST(`after factor`, 500), `price`) - GREATEST(`after factor`, 500)
    END AS `cap_minor`,
    -- down to whole steps
    CASE WHEN `reasons shown` > 0 THEN NULL ELSE `value` - LEAST(GREATEST(`after factor`, 500), `price`) END AS `rounding_minor`,
    -- with the bonuses
    CASE WHEN `reasons shown` > 0 THEN NULL ELSE `value` END AS `coupon_value_minor`
  FROM step_5
)
SELECT
  `keep:order` AS `order`,
  `outcome`,
  `reasons`,
  `warnings`,
  `grade`,
  `market_minor`,
  `grade_minor`,
  `deduction:functions_minor`,
  `deduction:display_minor`,
  `factor_minor`,
  `floor_minor`,
  `cap_minor`,
  `rounding_minor`,
  `coupon_value_minor` AS `exchange_value_minor`,
  `coupon_value_minor`
FROM step_6
