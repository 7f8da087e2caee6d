as-file = Tablo, dosya olarak
